"""The Lambdas: their state, their code, its wheels against their processors, and their Python."""

import base64
import hashlib
import io
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli.doctor.findings import Finding
from cli.doctor.patient import Patient
from infra.archive.wheels import MACHINES, PYTHON_VERSION
from infra.import_check import lambda_interpreter

FUNCTIONS: Final = ("workerFunctionName", "apiFunctionName", "recoveryFunctionName")
_RUNTIME: Final = f"python{PYTHON_VERSION}"
# PEP 3149: `name.cpython-313-aarch64-linux-gnu.so`.
_COMPILED: Final = re.compile(r"\.cpython-(\d)(\d+)-(\w+)-linux-(?:gnu|musl)\.so$")


def functions(patient: Patient) -> Iterator[Finding]:
    """Whether each is active, and all have the same code."""
    found = _found(patient)
    idle = [
        f"{name} is {each.get('State')}, its last update {each.get('LastUpdateStatus')}"
        for name, each in found.items()
        if each.get("State", "Active") not in ("Active", "Inactive")
        or each.get("LastUpdateStatus", "Successful") != "Successful"
    ]
    yield Finding(
        check="functions",
        state="failed" if idle else "ok",
        value="; ".join(idle) or f"{len(found)} are active",
        expected="active, and updated",
        next="pulumi up; its error says what is the matter." if idle else "",
    )
    codes = {each.get("CodeSha256") for each in found.values()}
    yield Finding(
        check="code",
        state="ok" if len(codes) == 1 else "failed",
        value="one archive in all" if len(codes) == 1 else f"{len(codes)} different archives",
        expected="one archive in all",
        next="" if len(codes) == 1 else "pulumi up: one has stopped half-way.",
    )


def python(patient: Patient) -> Iterator[Finding]:
    """The Python of the Lambdas, of the bundle's wheels, and of the checks of definitions here."""
    runtimes = {name: str(each.get("Runtime")) for name, each in _found(patient).items()}
    others = {name: each for name, each in runtimes.items() if each != _RUNTIME}
    yield Finding(
        check="Python there",
        state="failed" if others else "ok",
        value=", ".join(sorted({*runtimes.values()})),
        expected=_RUNTIME,
        next="pulumi up, with the code of this folder." if others else "",
    )
    here = ".".join(map(str, sys.version_info[:2]))
    checked_with = PYTHON_VERSION if lambda_interpreter.find() else here
    is_same = checked_with == PYTHON_VERSION
    yield Finding(
        check="Python here",
        state="ok" if is_same else "warning",
        value=f"{here}; definitions are checked with {checked_with}",
        expected=PYTHON_VERSION,
        next=""
        if is_same
        else f"install python{PYTHON_VERSION} beside it: a deploy finds it, and imports with it.",
    )


def wheels(patient: Patient) -> Iterator[Finding]:
    """Whether the compiled modules of the code are for the processors and the Python it runs on."""
    found = _found(patient)
    [worker, *_] = found.values()
    names = _names_in(_code(patient, worker))
    compiled = [match for name in names if (match := _COMPILED.search(name))]
    architectures = {
        each: (config.get("Architectures") or ["x86_64"])[0] for each, config in found.items()
    }
    wanted = {(PYTHON_VERSION, MACHINES[each]) for each in architectures.values()}
    there = {(f"{each[1]}.{each[2]}", each[3]) for each in compiled}
    is_fitting = not there or there == wanted
    yield Finding(
        check="wheels",
        state="ok" if is_fitting and compiled else "warning" if is_fitting else "failed",
        value=_of(there) if compiled else "no compiled modules",
        expected=_of(wanted),
        next=""
        if is_fitting and compiled
        else "pulumi config get lambdaArchitecture, then pulumi up: it fetches the wheels for it."
        if compiled
        else "look whether vendorDependencies is false: the Lambdas need their packages.",
    )


def _of(kinds: set[tuple[str, str]]) -> str:
    return ", ".join(f"Python {python} on {machine}" for python, machine in sorted(kinds))


def _found(patient: Patient) -> Mapping[str, Mapping[str, Any]]:
    client = patient.client("lambda")
    names = [patient.target.output(name) for name in FUNCTIONS]
    return {name: client.get_function_configuration(FunctionName=name) for name in names}


def _code(patient: Patient, config: Mapping[str, Any]) -> bytes:
    """The archive of a function: the one that was built here, if it is that one, or AWS's."""
    for path in sorted(patient.folder.glob(".build/*.zip")):
        content = path.read_bytes()
        if base64.b64encode(hashlib.sha256(content).digest()).decode() == config["CodeSha256"]:
            return content
    code = patient.client("lambda").get_function(FunctionName=config["FunctionName"])["Code"]
    return patient.download(code["Location"])


def _names_in(archive: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return opened.namelist()
    except zipfile.BadZipFile as error:
        raise OSError(f"the code is no zip archive: {error}") from error
