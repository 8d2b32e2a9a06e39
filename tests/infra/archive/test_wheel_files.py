"""Which files of the packages' wheels go along."""

import stat
import zipfile
from pathlib import Path

import pytest

from infra.archive.wheel_files import wheel_files
from infra.errors import BundleError
from tests.infra.wheel_making import make_wheel


def test_modules_that_an_installer_moves_are_where_python_finds_them(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "one",
        files={
            "one-1.0.data/purelib/one/__init__.py": "",
            "one-1.0.data/platlib/one/fast.so": "",
            "one-1.0.data/scripts/one": "",
            "one-1.0.data/data/share/one.txt": "",
        },
    )

    names = [name for name in wheel_files([wheel]) if ".dist-info" not in name]

    assert sorted(names) == ["one/__init__.py", "one/fast.so"]


def test_a_stub_goes_along_only_where_its_module_reads_it(tmp_path: Path) -> None:
    lazy = "import lazy_loader\n__getattr__, *_ = lazy_loader.attach_stub(__name__, __file__)"
    files = {"a/__init__.py": lazy, "a/__init__.pyi": "", "a/b.py": "", "a/b.pyi": ""}

    names = wheel_files([make_wheel(tmp_path, "a", files=files)])

    assert "a/__init__.pyi" in names
    assert "a/b.pyi" not in names


def test_what_only_installers_and_type_checkers_read_stays_behind(tmp_path: Path) -> None:
    files = {
        "one/__init__.py": "",
        "one/data.txt": "",
        "one/py.typed": "",
        "one/only.pyi": "",
        "one-1.0.dist-info/top_level.txt": "one",
        "one-1.0.dist-info/licenses/LICENSE": "",
    }
    wheel = make_wheel(tmp_path, "one", files=files)
    with zipfile.ZipFile(wheel, "a") as opened:
        opened.writestr("one/", "")

    assert sorted(wheel_files([wheel])) == [
        "one-1.0.dist-info/METADATA",
        "one-1.0.dist-info/licenses/LICENSE",
        "one/__init__.py",
        "one/data.txt",
    ]


def test_packages_may_share_a_file_of_one_content(tmp_path: Path) -> None:
    shared = {"google/__init__.py": "__path__ = []\n"}
    wheels = [make_wheel(tmp_path, name, files=shared) for name in ("one", "other")]

    assert "google/__init__.py" in wheel_files(wheels)


@pytest.mark.parametrize(
    "name", ["definitions/__init__.py", "handler/x.py", "handler.py", "handler.pyc"]
)
def test_a_package_with_a_module_of_our_name_is_refused(tmp_path: Path, name: str) -> None:
    wheel = make_wheel(tmp_path, "one", files={name: ""})

    with pytest.raises(BundleError, match=r"one-1\.0.* contains .*this project's own"):
        wheel_files([wheel])


@pytest.mark.parametrize(
    "name",
    [
        "enum.py",
        "enum.pyc",
        "typing/__init__.py",
        "json/extra.py",
        "enum.cpython-313-x86_64-linux-gnu.so",
    ],
)
def test_a_package_that_hides_a_module_of_python_is_refused(tmp_path: Path, name: str) -> None:
    wheel = make_wheel(tmp_path, "one", files={name: ""})

    with pytest.raises(BundleError, match="would hide Python's own"):
        wheel_files([wheel])


@pytest.mark.parametrize(
    "name",
    [
        "botocore/__init__.py",
        "boto3.py",
        "boto3.pyc",
        "urllib3/extra.py",
        "dateutil/tz.cpython-313-x86_64-linux-gnu.so",
        "awslambdaric/bootstrap.py",
        "one-1.0.data/purelib/botocore/client.py",
    ],
)
def test_a_package_that_hides_a_module_of_the_lambda_runtime_is_refused(
    tmp_path: Path, name: str
) -> None:
    wheel = make_wheel(tmp_path, "one", files={name: ""})

    with pytest.raises(BundleError, match="would hide the Lambda runtime's"):
        wheel_files([wheel])


@pytest.mark.parametrize(
    ("package", "module"), [("urllib3", "urllib3"), ("python_dateutil", "dateutil")]
)
def test_a_package_of_the_runtime_may_be_carried_as_itself(
    tmp_path: Path, package: str, module: str
) -> None:
    wheel = make_wheel(tmp_path, package, files={f"{module}/__init__.py": ""})

    assert f"{module}/__init__.py" in wheel_files([wheel])


@pytest.mark.parametrize(
    "name",
    [
        "../../escape.py",
        "one/../../escape.py",
        "one/../handler/api.py",
        "one-1.0.data/purelib/../../escape.py",
        "/etc/escape.py",
        "//escape.py",
        "./handler/api.py",
        "one//escape.py",
        "C:/escape.py",
        "c:escape.py",
        "..\\..\\escape.py",
        "one/a\nb.py",
    ],
)
def test_an_entry_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    wheel = make_wheel(tmp_path, "one", files={name: "", "one/__init__.py": ""})

    with pytest.raises(
        BundleError, match=r"The package one-1\.0-.* contains .*remove one"
    ) as refused:
        wheel_files([wheel])

    assert repr(name) in str(refused.value)


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    """Python's zip files end such a name at the NUL: another reader sees another file."""
    wheel = make_wheel(tmp_path, "one", files={"one/a.pyX.txt": "", "one/__init__.py": ""})
    wheel.write_bytes(wheel.read_bytes().replace(b"one/a.pyX.txt", b"one/a.py\0.txt"))

    with pytest.raises(BundleError, match="a control character"):
        wheel_files([wheel])


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_an_entry_that_is_no_regular_file_is_refused(tmp_path: Path, kind: int) -> None:
    wheel = make_wheel(tmp_path, "one")
    entry = zipfile.ZipInfo("one/link")
    entry.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(wheel, "a") as opened:
        opened.writestr(entry, "/etc/passwd")

    with pytest.raises(BundleError, match="a link, or no regular file"):
        wheel_files([wheel])


def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "one", files={"one/a.py": "x = 1"})
    with zipfile.ZipFile(wheel, "a") as opened, pytest.warns(UserWarning, match="Duplicate name"):
        opened.writestr("one/a.py", "x = 2")

    with pytest.raises(BundleError, match=r"'one/a\.py', twice"):
        wheel_files([wheel])


def test_a_package_may_have_data_in_a_folder_with_the_name_of_a_module_of_python(
    tmp_path: Path,
) -> None:
    wheel = make_wheel(tmp_path, "one", files={"test/data.txt": "", "json/data.json": ""})

    assert "json/data.json" in wheel_files([wheel])
