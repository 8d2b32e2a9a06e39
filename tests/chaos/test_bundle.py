"""The bundle of a bad deploy, and of a recovery whose clock is ahead."""

import io
import zipfile
from pathlib import Path

import pytest

from tests.chaos.bundle import BROKEN, SLOW, ahead, bad_deploy, with_files
from tests.chaos.errors import CampaignError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder with what the campaign changes of it."""
    for name, text in {
        BROKEN: "STEPS = 1\n",
        SLOW: "ENDS = 1\n",
        "handler/clock.py": (ROOT / "handler" / "clock.py").read_text(),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def bundle(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_a_file_takes_the_place_of_the_one_with_its_name() -> None:
    changed = with_files(bundle(one="1", two="2"), {"two": "two", "three": "3"})

    with zipfile.ZipFile(io.BytesIO(changed)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "one": b"1",
            "two": b"two",
        }


def test_a_bad_deploy_has_a_definition_that_cannot_be_imported_and_one_that_takes_its_time(
    project: Path,
) -> None:
    files = bad_deploy(project)

    assert files[BROKEN].splitlines() == ["import a_package_that_is_not_there", "STEPS = 1"]
    assert files[SLOW].splitlines()[-2:] == ["time.sleep(1.5)", "ENDS = 1"]


def test_a_clock_that_is_ahead_reads_the_time_of_the_days_to_come(project: Path) -> None:
    [text] = ahead(project, days=24).values()

    assert "(datetime.now(UTC) + timedelta(days=24))" in text
    compile(text, "clock.py", "exec")


def test_a_clock_that_reads_the_time_otherwise_ends_the_campaign_with_words(project: Path) -> None:
    (project / "handler" / "clock.py").write_text("now = None\n")

    with pytest.raises(CampaignError, match=r"handler/clock\.py does not read the time once"):
        ahead(project, days=24)
