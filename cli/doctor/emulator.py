"""The local AWS: which version of ministack it is."""

import json
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from cli.doctor.findings import Finding
from cli.doctor.patient import Patient
from local.aws.gate import HEALTH
from local.loopback import send

# What is pinned: requirements-dev.in of this checkout.
_REQUIREMENTS: Final = Path(__file__).parents[2] / "requirements-dev.in"
_PIN: Final = re.compile(r"^ministack==(\S+)$", re.MULTILINE)
_SECONDS: Final = 2.0


def emulator(patient: Patient) -> Iterator[Finding]:
    """Whether it is the version that local/aws corrects."""
    if not patient.target.is_local:
        yield Finding(check="emulator", state="not here", value="the stack is in AWS")
        return
    running, pinned = _running(patient), _pinned()
    yield Finding(
        check="emulator",
        state="ok" if running == pinned else "failed",
        value=f"ministack {running}",
        expected=f"ministack {pinned}",
        next="" if running == pinned else "make .venv/ready, and start the local AWS anew.",
    )


def _running(patient: Patient) -> str:
    """The version that answers; where it doesn't say, the one that is installed here."""
    url = f"{patient.target.output('endpointUrl')}{HEALTH}"
    with send(url, timeout_seconds=_SECONDS) as answer:
        said = json.loads(answer.read())
    version = said.get("version") if isinstance(said, dict) else None
    return version if isinstance(version, str) else metadata.version("ministack")


def _pinned() -> str:
    found = _PIN.search(_REQUIREMENTS.read_text(encoding="utf-8"))
    return found[1] if found else "?"
