"""The bundle with other files in it: bad deploys, and a clock that is ahead."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.errors import CampaignError

Files = Mapping[str, str]

# A definition that can't be imported, and one that takes its time. Others run meanwhile.
BROKEN, SLOW = "definitions/chaos_steps.py", "definitions/chaos_ends.py"
_CLOCK = "handler/clock.py"
_NOW = "datetime.now(UTC)"


def with_files(bundle: bytes, changes: Files) -> bytes:
    """The bundle, with these files in place of those of the same name."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name) or old.read(name))
    return changed.getvalue()


def bad_deploy(project: Path) -> Files:
    """A deploy that nobody should have made."""
    return {
        BROKEN: f"import a_package_that_is_not_there\n{(project / BROKEN).read_text()}",
        SLOW: f"import time\n\ntime.sleep(1.5)\n{(project / SLOW).read_text()}",
    }


def ahead(project: Path, *, days: int) -> Files:
    """The code, with a clock that is so many days ahead: time has passed."""
    text = (project / _CLOCK).read_text()
    if text.count(_NOW) != 1:
        raise CampaignError(f'{_CLOCK} does not read the time once, by "{_NOW}": look there.')
    return {_CLOCK: text.replace(_NOW, f"({_NOW} + timedelta(days={days}))")}
