"""What is said of an import that finds nothing: why, and the next step."""

from pathlib import Path

import pytest

from infra.import_check.archive_check import Missing
from infra.import_check.remedies import describe


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with code of its own that is not deployed."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "shared.py").touch()
    (tmp_path / "requirements.in").write_text(
        "Locked_Later==1.0\nboto3==1\npulumi==3\npulumi-aws==7\n"
    )
    return tmp_path


def remedy(root: Path, module: str, name: str = "", *, file: str = "definitions/x.py") -> str:
    said = describe(Missing(file, 3, module, name), root)
    what = f"{name} from {module}" if name else module
    start = f"{file}, line 3, imports {what}, "
    assert said.startswith(start)
    return said.removeprefix(start)


@pytest.mark.parametrize(
    ("module", "name", "file"),
    [
        ("moto", "", "x.py"),
        ("hypothesis.strategies", "", "x.py"),
        ("handler.testing.aws", "", "x.py"),
        ("handler", "testing", "x.py"),
        ("tests.helpers", "", "test_x.py"),
        ("tests", "helpers", "x_test.py"),
        ("tests.helpers", "", "conftest.py"),
    ],
)
def test_what_only_tests_have_belongs_to_the_tests(
    root: Path, module: str, name: str, file: str
) -> None:
    said = remedy(root, module, name, file=f"definitions/{file}")

    assert said == (f"which only tests have. Next: move {file} to tests/, or that import out of it")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "reason", "step"),
    [
        ("audioop", "", "which Python 3.13 no longer has", "infra.lock add audioop-lts`"),
        ("imp", "", "which Python 3.13 no longer has", "use something else"),
        ("msvcrt", "", "and Python 3.13 on Linux has no such module", "use what it has"),
        ("os.paths", "", "and Python 3.13 on Linux has no such module", "use what it has"),
        ("unittest", "makeSuite", "and Python 3.13 on Linux has no such name", "use what it has"),
        ("definitions.y", "", "which the bundle doesn't have", "or add the file"),
        ("definitions.y", "z", "which has no such name", "or add the file"),
        ("..y", "", "which is above the topmost package", "take away a dot"),
        ("graphql", "gone", "which has no such name in the bundle", "another version"),
        ("pydantic", "", "which requirements-lambda.txt has, and this machine doesn't", "make"),
        (
            "typing_extensions.gone",
            "",
            "which its package doesn't have in the bundle",
            "another version",
        ),
        ("tests.x", "", "and the project's own tests is not deployed", "move what you need"),
        ("shared", "", "and the project's own shared is not deployed", "move what you need"),
        ("locked_later", "", "and requirements-lambda.txt doesn't have it yet", "make lock"),
        ("pulumi", "", "which only the program that deploys has", "take the import out"),
        ("pulumi_aws.s3", "", "which only the program that deploys has", "take the import out"),
        (
            "boto3.gone",
            "",
            "which its package doesn't have in the Lambda runtime",
            "correct the name",
        ),
        ("botocore.gone", "", "which its package doesn't have in the Lambda runtime", "correct"),
        ("xdist", "", "which the bundle doesn't have", "infra.lock add pytest-xdist"),
        ("never_heard_of", "", "which the bundle doesn't have", "infra.lock add never_heard_of"),
    ],
)
def test_each_reason_has_its_next_step(
    root: Path, module: str, name: str, reason: str, step: str
) -> None:
    said = remedy(root, module, name)

    assert said.startswith(f"{reason}. Next: ")
    assert step in said


def test_it_is_told_by_which_line_of_ours_a_package_is_imported(root: Path) -> None:
    missing = Missing("one.py", 2, "gone", user="definitions/x.py, line 5")

    assert describe(missing, root).startswith(
        "one.py, line 2 (definitions/x.py, line 5, imports it), imports gone, "
    )
