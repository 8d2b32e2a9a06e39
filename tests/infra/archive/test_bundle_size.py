"""The limits of Lambda are checked before anything is deployed."""

import os
from pathlib import Path

import pytest

from infra import bundle
from infra.archive.bundle_size import MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES, BundleSize
from infra.errors import BundleError


@pytest.mark.slow
def test_an_archive_that_lambda_does_not_take_zipped_is_refused(tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions/model.bin").write_bytes(os.urandom(MAX_ZIPPED_BYTES))

    with pytest.raises(BundleError, match=r"50\.0 MB zipped; Lambda takes 50 MB.*model\.bin 50\.0"):
        bundle.build(tmp_path / "bundle.zip", tmp_path, [])

    assert [path.name for path in tmp_path.iterdir()] == ["definitions"]


@pytest.mark.slow
def test_an_archive_that_lambda_does_not_take_unzipped_is_refused(tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    with (tmp_path / "definitions/zeros.bin").open("wb") as file:
        file.truncate(MAX_UNZIPPED_BYTES + 1)

    with pytest.raises(BundleError, match=r"250\.0 MB unzipped; Lambda takes 250 MB"):
        bundle.build(tmp_path / "bundle.zip", tmp_path, [])


def test_a_change_of_the_size_is_told_with_the_limits() -> None:
    before, after = BundleSize(3 * 1024**2, 13 * 1024**2), BundleSize(4 * 1024**2, 15 * 1024**2)

    assert list(after.growth_from(before)) == [
        "The bundle had 3.0 MB zipped, and has 4.0 MB; Lambda takes 50 MB.",
        "The bundle had 13.0 MB unzipped, and has 15.0 MB; Lambda takes 250 MB.",
    ]
