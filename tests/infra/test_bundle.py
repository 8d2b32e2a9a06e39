"""The bundle: its content, its platform, and that the same files make the same bytes."""

import hashlib
import os
import re
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import definitions
from infra import bundle
from infra.archive import wheels
from infra.archive.our_files import OUR_PACKAGES
from infra.archive.wheels import Architecture
from infra.errors import BundleError
from tests.infra.recording import ROOT, run
from tests.infra.wheel_making import make_wheel

MEGABYTE = 1_000_000
ARCHITECTURES: list[Architecture] = ["arm64", "x86_64"]
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


@pytest.fixture(scope="session", params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> Architecture:
    requested: Architecture = request.param
    return requested


@pytest.fixture(scope="session")
def packages(architecture: Architecture) -> list[Path]:
    return wheels.fetch(architecture)


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of our code, so that saving a file during the tests changes nothing."""
    copy = tmp_path_factory.mktemp("code")
    for package in OUR_PACKAGES:
        shutil.copytree(ROOT / package, copy / package)
    return copy


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, code: Path, packages: list[Path]) -> Path:
    return bundle.build(tmp_path_factory.mktemp("bundle") / "bundle.zip", code, packages)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with files that belong in a bundle and files that don't."""
    for name in (
        "handler/worker.py",
        "handler/graphql/schema.graphql",
        "definitions/deep/export.py",
    ):
        _write(tmp_path / name)
    for name in (
        "handler/__pycache__/worker.cpython-313.pyc",
        "handler/testing.py",
        "handler/testing/kit.py",
        "handler/notes.md",
    ):
        _write(tmp_path / name)
    for name in ("infra/bundle.py", "__main__.py", "definitions/.env"):
        _write(tmp_path / name)
    return tmp_path


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def digest(archive: Path) -> str:
    return hashlib.sha256(archive.read_bytes()).hexdigest()


@pytest.mark.slow
class TestBytes:
    def test_the_same_files_make_the_same_bytes(
        self, archive: Path, code: Path, packages: list[Path], tmp_path: Path
    ) -> None:
        again = bundle.build(tmp_path / "again.zip", code, reversed(packages))

        assert digest(again) == digest(archive)

    def test_file_times_permissions_and_caches_do_not_change_the_bytes(
        self, project: Path, tmp_path: Path
    ) -> None:
        before = digest(
            bundle.build(tmp_path / "before.zip", project, [], engine=project / "handler")
        )
        os.utime(project / "handler/worker.py", (2_000_000_000, 2_000_000_000))
        (project / "handler/worker.py").chmod(0o600)
        _write(project / "handler/__pycache__/other.cpython-311.pyc")

        assert (
            digest(bundle.build(tmp_path / "after.zip", project, [], engine=project / "handler"))
            == before
        )

    def test_changed_code_changes_the_bytes(self, project: Path, tmp_path: Path) -> None:
        before = digest(
            bundle.build(tmp_path / "before.zip", project, [], engine=project / "handler")
        )
        (project / "handler/worker.py").write_text("changed")

        assert (
            digest(bundle.build(tmp_path / "after.zip", project, [], engine=project / "handler"))
            != before
        )

    def test_the_bundle_is_smaller_than_five_megabytes(
        self, archive: Path, architecture: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        size = archive.stat().st_size
        with capsys.disabled():
            print(f"\nbundle for {architecture}: {size / MEGABYTE:.2f} MB")

        assert size < 5 * MEGABYTE


@pytest.mark.slow
class TestContent:
    def test_it_contains_our_code_and_no_other_file_of_the_project(
        self, project: Path, tmp_path: Path
    ) -> None:
        assert names(
            bundle.build(tmp_path / "bundle.zip", project, [], engine=project / "handler")
        ) == [
            "definitions/deep/export.py",
            "handler/graphql/schema.graphql",
            "handler/worker.py",
        ]

    def test_it_contains_every_package_with_its_licence(self, archive: Path) -> None:
        packaged = names(archive)

        for package in re.findall(
            r"^([a-z0-9-]+)==", wheels.REQUIREMENTS.read_text(), re.MULTILINE
        ):
            folder = re.compile(
                rf"{package.replace('-', '[-_]')}-[^/]+\.dist-info/.*LICEN[CS]E", re.IGNORECASE
            )
            assert any(folder.match(name) for name in packaged), package

    def test_its_binaries_are_for_the_architecture_of_the_lambdas(
        self, archive: Path, architecture: str
    ) -> None:
        (library,) = [name for name in names(archive) if name.endswith(".so")]

        assert f"cpython-313-{MACHINES[architecture]}-linux-gnu" in library

    def test_it_leaves_out_boto3_and_unread_files(self, archive: Path) -> None:
        packaged = names(archive)
        unread = re.compile(
            r"^(boto3|botocore|s3transfer)/|\.pyc$|\.pyi$|\.data/|/RECORD$|^infra/|^local/|^tests/"
        )

        assert [name for name in packaged if unread.search(name)] == []

    def test_lambda_may_read_its_files(self, archive: Path) -> None:
        with zipfile.ZipFile(archive) as opened:
            assert {entry.external_attr >> 16 for entry in opened.infolist()} == {0o100644}

    def test_two_packages_that_contain_the_same_file_are_refused(self, tmp_path: Path) -> None:
        for name in ("a.whl", "b.whl"):
            with zipfile.ZipFile(tmp_path / name, "w") as wheel:
                wheel.writestr("shared/module.py", name)

        with pytest.raises(
            BundleError, match=r"Two packages of the bundle contain the file shared/module\.py"
        ):
            bundle.build(
                tmp_path / "bundle.zip", tmp_path, [tmp_path / "a.whl", tmp_path / "b.whl"]
            )


@dataclass(frozen=True)
class Cached:
    """A cache of two wheels, which a requirements file names."""

    requirements: Path
    folder: Path
    wheel: Path
    other: Path

    def fetch(self) -> list[Path]:
        return wheels.fetch("arm64", self.requirements, self.folder)


@pytest.fixture
def cached(packages: list[Path], tmp_path: Path) -> Cached:
    requirements = tmp_path / "requirements.txt"
    names = ("annotated_types", "idna")
    two = [next(each for each in packages if each.name.startswith(name)) for name in names]
    pins = [
        f"{wheels.package_of(each)}=={each.name.split('-')[1]}"
        f" --hash=sha256:{hashlib.sha256(each.read_bytes()).hexdigest()}"
        for each in two
    ]
    text = f"--no-index\n--find-links {two[0].parent}\n" + "\n".join(pins) + "\n"
    requirements.write_text(text)
    found = wheels.fetch("arm64", requirements, tmp_path / "cache")
    return Cached(requirements, tmp_path / "cache", *found)


@pytest.mark.slow
class TestWheels:
    def test_cached_wheels_need_no_pip(
        self, packages: list[Path], architecture: Architecture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "/no/such/python")

        assert wheels.fetch(architecture) == packages

    def test_a_wheel_with_a_wrong_hash_is_refused_and_not_cached(
        self, packages: list[Path], tmp_path: Path
    ) -> None:
        requirements = tmp_path / "requirements.txt"
        wheel = next(package for package in packages if package.name.startswith("annotated_types"))
        shutil.copy(wheel, tmp_path)
        requirements.write_text(
            f"--no-index\n--find-links {tmp_path}\nannotated-types=={wheel.name.split('-')[1]}"
            f" --hash=sha256:{'0' * 64}\n"
        )

        with pytest.raises(
            BundleError,
            match=r"pip can't download the wheels of requirements\.txt for arm64 and Python 3\.13",
        ) as refused:
            wheels.fetch("arm64", requirements, tmp_path / "cache")

        assert "lock them again" in str(refused.value)
        assert list((tmp_path / "cache/arm64").iterdir()) == []

    def test_a_wheel_without_a_hash_is_refused(self, packages: list[Path], tmp_path: Path) -> None:
        wheel = next(package for package in packages if package.name.startswith("annotated_types"))
        requirements = tmp_path / "requirements.txt"
        requirements.write_text(
            "--no-index\n--find-links"
            f" {wheel.parent}\nannotated-types=={wheel.name.split('-')[1]}\n"
        )

        with pytest.raises(BundleError, match="Hashes are required"):
            wheels.fetch("arm64", requirements, tmp_path / "cache")

    def test_each_requirements_file_has_its_own_wheels(
        self, packages: list[Path], tmp_path: Path
    ) -> None:
        wheel = next(package for package in packages if package.name.startswith("annotated_types"))
        requirements = tmp_path / "requirements.txt"
        requirements.write_text(
            f"--no-index\n--find-links {wheel.parent}\nannotated-types=={wheel.name.split('-')[1]}"
            f" --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        )

        assert [
            package.name for package in wheels.fetch("arm64", requirements, tmp_path / "cache")
        ] == [wheel.name]

    def test_a_wheel_that_was_changed_after_its_download_is_refused(self, cached: Cached) -> None:
        with zipfile.ZipFile(cached.wheel, "a") as opened:
            opened.writestr("../../escape.py", "print('mine')")

        with pytest.raises(
            BundleError, match=rf"{cached.wheel.name} is not the wheel that .* names.*Next: find"
        ):
            cached.fetch()

    def test_a_wheel_in_the_place_of_another_one_is_refused(self, cached: Cached) -> None:
        cached.wheel.write_bytes(cached.other.read_bytes())

        with pytest.raises(BundleError, match=rf"{cached.wheel.name} is not the wheel"):
            cached.fetch()

    def test_a_wheel_that_nobody_has_locked_is_refused(self, cached: Cached) -> None:
        make_wheel(cached.wheel.parent, "stranger")

        with pytest.raises(BundleError, match=r"stranger-1\.0.* is not the wheel"):
            cached.fetch()

    def test_a_cache_that_lacks_a_wheel_is_refused_with_its_name(self, cached: Cached) -> None:
        cached.wheel.unlink()

        with pytest.raises(BundleError, match=r"has not one wheel of each .*\(annotated-types\)"):
            cached.fetch()

    def test_wheels_for_the_trial_are_compared_too(
        self, packages: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wheels, "hashes_of", lambda _text: {})

        for machine in ("x86_64", "aarch64"):
            with pytest.raises(BundleError, match="is not the wheel"):
                wheels.for_machine(machine, packages)


class TestRequirements:
    def test_every_wheel_is_pinned_by_version_and_hash(self) -> None:
        pins = re.sub(r"#.*", "", wheels.REQUIREMENTS.read_text()).replace("\\\n", "").split("\n")

        assert all(
            re.fullmatch(r"[a-z0-9-]+==\S+( +--hash=sha256:[0-9a-f]{64})+ *", pin)
            for pin in pins
            if pin.strip()
        )

    def test_the_tests_run_the_versions_that_are_deployed(self) -> None:
        deployed = dict(
            re.findall(r"^([a-z0-9-]+)==(\S+)", wheels.REQUIREMENTS.read_text(), re.MULTILINE)
        )
        texts = [(ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt")]
        installed = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", "\n".join(texts), re.MULTILINE))

        assert {name: installed.get(name) for name in deployed} == deployed


class TestDefinitions:
    def test_a_broken_definition_stops_the_deploy_and_its_file_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "broken.py").write_text("import a_package_that_nobody_has\n")
        monkeypatch.setattr(definitions, "__path__", [*definitions.__path__, str(tmp_path)])

        with pytest.raises(
            BundleError,
            match=r"definitions/broken\.py can't be imported.*a_package_that_nobody_has",
        ):
            run({"vendorDependencies": False})

    def test_the_bundle_of_the_local_aws_contains_our_code_alone(self) -> None:
        code = run({"vendorDependencies": False}).one("aws:lambda/function:Function", "worker")[
            "code"
        ]

        assert {name.split("/")[0] for name in names(Path(code.path))} == {"handler", "definitions"}


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {path.name}\n")
