"""The limits of Lambda are checked before anything is deployed."""

import os
from pathlib import Path
from typing import get_args

import pytest

from infra import bundle
from infra.archive import bundle_size, wheels
from infra.archive.bundle_size import (
    MAX_UNZIPPED_BYTES,
    MAX_ZIPPED_BYTES,
    BundleSize,
    check_size,
)
from infra.archive.our_files import our_files
from infra.archive.wheel_files import wheel_files
from infra.archive.wheels import Architecture
from infra.errors import BundleError


@pytest.mark.slow
def test_an_archive_that_lambda_does_not_take_zipped_is_refused(tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions/model.bin").write_bytes(os.urandom(MAX_ZIPPED_BYTES))

    with pytest.raises(BundleError, match=r"50\.0 MB zipped; Lambda takes 50 MB.*model\.bin 50\.0"):
        bundle.build(tmp_path / "bundle.zip", tmp_path, [], engine=tmp_path / "handler")

    assert [path.name for path in tmp_path.iterdir()] == ["definitions"]


@pytest.mark.slow
def test_an_archive_that_lambda_does_not_take_unzipped_is_refused(tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    with (tmp_path / "definitions/zeros.bin").open("wb") as file:
        file.truncate(MAX_UNZIPPED_BYTES + 1)

    with pytest.raises(BundleError, match=r"250\.0 MB unzipped; Lambda takes 250 MB"):
        bundle.build(tmp_path / "bundle.zip", tmp_path, [], engine=tmp_path / "handler")


def test_an_archive_of_exactly_the_limit_is_taken(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    with archive.open("wb") as file:
        file.truncate(MAX_ZIPPED_BYTES)

    check_size(archive, {"one.bin": bytes(MAX_UNZIPPED_BYTES)})


def test_the_five_largest_parts_are_named_and_each_file_of_ours_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_size, "MAX_UNZIPPED_BYTES", 1)
    sizes = {"a/1": 3, "a/2": 4, "definitions/x": 6, "definitions/y": 5, "b/1": 4, "c": 3, "d": 2}
    archive = tmp_path / "bundle.zip"
    archive.touch()

    with pytest.raises(BundleError) as refused:
        check_size(archive, {name: bytes(size * 1024**2) for name, size in sizes.items()})

    parts = "a 7.0 MB, definitions/x 6.0 MB, definitions/y 5.0 MB, b 4.0 MB, c 3.0 MB"
    assert f"Its largest parts, unzipped: {parts}. Next" in str(refused.value)


@pytest.mark.slow
class TestOfALock:
    def test_it_is_that_of_the_larger_architecture_with_our_files(self) -> None:
        ours = sum(len(content) for _, content in our_files(wheels.ROOT))
        packages = [
            sum(map(len, wheel_files(wheels.fetch(each)).values()))
            for each in get_args(Architecture)
        ]

        size = BundleSize.of(wheels.REQUIREMENTS)

        assert packages[0] != packages[1]
        assert size.unzipped == ours + max(packages)
        assert 0 < size.zipped < size.unzipped

    def test_one_that_is_too_large_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bundle_size, "MAX_ZIPPED_BYTES", 1)

        with pytest.raises(BundleError, match="MB zipped; Lambda takes"):
            BundleSize.of(wheels.REQUIREMENTS)


def test_a_change_of_the_size_is_told_with_the_limits() -> None:
    before, after = BundleSize(3 * 1024**2, 13 * 1024**2), BundleSize(4 * 1024**2, 15 * 1024**2)

    assert list(after.growth_from(before)) == [
        "The bundle had 3.0 MB zipped, and has 4.0 MB; Lambda takes 50 MB.",
        "The bundle had 13.0 MB unzipped, and has 15.0 MB; Lambda takes 250 MB.",
    ]
