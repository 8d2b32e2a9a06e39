"""Imports the archive's modules with a Python of the Lambdas' version, as the Lambdas will."""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from handler.contract import EnvVar
from infra.archive.lambda_python import RUNTIME_PACKAGES
from infra.archive.module_names import module_of
from infra.archive.our_files import OUR_PACKAGES
from infra.archive.wheels import PYTHON_VERSION
from infra.errors import BundleError
from infra.import_check.archive_check import Faulty, Missing
from infra.import_check.lambda_interpreter import Interpreter

ENTRIES: Final = ("handler.worker", "handler.api", "handler.recovery")

_PROBE: Final = Path(__file__).parent / "import_probe.py"
# Far more than any import may take: a Lambda has ten seconds for all of them (Lambda guide,
# "Understanding the Lambda execution environment lifecycle").
_TRIAL_SECONDS: Final = 120
_FAILS: Final = f"fails when Python {PYTHON_VERSION} imports it"

# What a Lambda has (Lambda guide, "Using Lambda environment variables"), with values that lead
# nowhere, and nothing of this machine's.
_ENVIRONMENT: Final = {
    **{variable.value: "1" for variable in EnvVar},
    EnvVar.STATUS_EVENTS.value: "false",
    EnvVar.INTROSPECTION.value: "false",
    EnvVar.IMPORT_SECONDS.value: "0",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_SESSION_TOKEN": "nothing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EXECUTION_ENV": f"AWS_Lambda_python{PYTHON_VERSION}",
    "AWS_LAMBDA_FUNCTION_NAME": "bundle-check",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_GROUP_NAME": "bundle-check",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bundle-check",
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TZ": ":UTC",
    # A module that calls AWS while it is imported finds no network. It is not to wait for one.
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def failures(files: Mapping[str, bytes], interpreter: Interpreter) -> list[Missing | Faulty]:
    """What goes wrong when each definition, and then each Lambda's entry, is imported.

    A module that calls AWS, or another server, while it is imported finds no network here. What it
    raises then is passed over.

    Args:
        files: the archive's content, with compiled modules that this machine can load.
    """
    with tempfile.TemporaryDirectory(prefix="bundle-check-") as scratch:
        results = _run(files, interpreter, Path(scratch).resolve())
    found = [_failure(result, files) for result in results if not _met_no_network(result)]
    of_definitions = [each for each in found if each.file.startswith("definitions/")]
    # Without a definition the entries may fail too: that says nothing new.
    return of_definitions or found


def _run(
    files: Mapping[str, bytes], interpreter: Interpreter, scratch: Path
) -> list[dict[str, Any]]:
    folder, runtime = scratch / "task", scratch / "runtime"
    _write(files, folder)
    _link_runtime(runtime)
    job = {
        "folder": str(folder),
        "runtime": str(runtime),
        "modules": list(_modules(files)),
        "results": str(scratch / "results.json"),
    }
    (scratch / "job.json").write_text(json.dumps(job))
    command = [interpreter.path, "-I", "-S", "-B", _PROBE, scratch / "job.json"]
    status = _status(command, _ENVIRONMENT | {"HOME": str(scratch)})
    results: list[dict[str, Any]] = json.loads((scratch / "results.json").read_text())
    for result in results:
        if result["error"] == "Exit":
            result["text"] = f"the process {status}"
    return results


def _status(command: list[object], environment: Mapping[str, str]) -> str:
    try:
        finished = subprocess.run(  # noqa: S603 -- every word is ours
            [str(word) for word in command],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TRIAL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"was not done after {_TRIAL_SECONDS} seconds"
    return f"ended with status {finished.returncode}"


def _modules(files: Iterable[str]) -> Iterator[str]:
    modules = {module for file in files if (module := module_of(file)) is not None}
    yield from sorted(each for each in modules if each.partition(".")[0] == "definitions")
    yield from (entry for entry in ENTRIES if entry in modules)


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _link_runtime(folder: Path) -> None:
    """A folder with what the runtime brings, from this program's packages, and nothing else."""
    folder.mkdir()
    for package in RUNTIME_PACKAGES:
        try:
            distribution = metadata.distribution(package)
        except metadata.PackageNotFoundError as error:
            raise BundleError(
                f"{package} is not installed here, and the Lambda runtime has it. Next: make"
                " .venv/ready"
            ) from error
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))


def _met_no_network(result: Mapping[str, Any]) -> bool:
    return bool(result.get("connects")) and not result.get("missing")


def _failure(result: Mapping[str, Any], files: Mapping[str, bytes]) -> Missing | Faulty:
    frames: list[tuple[str, int]] = [
        (file.replace("\\", "/"), line) for file, line in result.get("frames", [])
    ]
    ours = [frame for frame in frames if frame[0].partition("/")[0] in OUR_PACKAGES]
    # What the engine refuses is a mistake in the definition that calls it.
    of_definitions = [frame for frame in ours if frame[0].startswith("definitions/")]
    file, line = (of_definitions or ours or [(_file_of(result["module"], files), 1)])[-1]
    if missing := result.get("missing"):
        where = frames[-1] if frames else (file, line)
        user = "" if where == (file, line) else f"{file}, line {line}"
        return Missing(*where, missing, result["missing_name"] or "", user)
    reason = f"{result['error']}: {result['text']}" if result["text"] else result["error"]
    return Faulty(file, line, _FAILS, reason.removeprefix("Exit: ").rstrip("."))


def _file_of(module: str, files: Mapping[str, bytes]) -> str:
    path = module.replace(".", "/")
    return f"{path}.py" if f"{path}.py" in files else f"{path}/__init__.py"
