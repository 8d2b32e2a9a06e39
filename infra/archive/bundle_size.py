"""How large the bundle is, and how large it may be."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from infra.archive import wheels
from infra.archive.advice import removing
from infra.archive.our_files import our_files
from infra.archive.wheel_files import wheel_files
from infra.archive.wheels import ROOT, Architecture
from infra.archive.zip_file import write_zip
from infra.errors import BundleError

MEGABYTE: Final = 1024 * 1024
# Lambda quotas, "Deployment package (.zip file archive) size". Pulumi uploads the archive with the
# request itself, which is the smaller limit.
MAX_ZIPPED_BYTES: Final = 50 * MEGABYTE
MAX_UNZIPPED_BYTES: Final = 250 * MEGABYTE
_LARGEST: Final = 5


@dataclass(frozen=True, slots=True)
class BundleSize:
    """What the bundle has in bytes, for the architecture for which it is larger."""

    zipped: int
    unzipped: int

    @classmethod
    def of(cls, requirements: Path) -> "BundleSize":
        """Fetches the wheels of a lock for both architectures, and zips them with our files.

        Raises:
            BundleError: the bundle would be too large, or two packages have the same file.
        """
        both = [cls._of(wheels.fetch(each, requirements)) for each in get_args(Architecture)]
        return cls(max(each.zipped for each in both), max(each.unzipped for each in both))

    @classmethod
    def _of(cls, packages: Sequence[Path]) -> "BundleSize":
        files = {**wheel_files(packages), **dict(our_files(ROOT))}
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "bundle.zip"
            write_zip(archive, files)
            check_size(archive, files)
            return cls(archive.stat().st_size, _unzipped(files))

    def growth_from(self, before: "BundleSize") -> Iterator[str]:
        """What to print of a change."""
        for old, new, limit, state in (
            (before.zipped, self.zipped, MAX_ZIPPED_BYTES, "zipped"),
            (before.unzipped, self.unzipped, MAX_UNZIPPED_BYTES, "unzipped"),
        ):
            yield (
                f"The bundle had {old / MEGABYTE:.1f} MB {state}, and has {new / MEGABYTE:.1f} MB;"
                f" Lambda takes {limit / MEGABYTE:.0f} MB."
            )


def check_size(archive: Path, files: Mapping[str, bytes]) -> None:
    """Refuses an archive that is larger than Lambda takes.

    Raises:
        BundleError: with the limit, and the largest parts.
    """
    zipped, unzipped = archive.stat().st_size, _unzipped(files)
    for size, limit, state in (
        (zipped, MAX_ZIPPED_BYTES, "zipped"),
        (unzipped, MAX_UNZIPPED_BYTES, "unzipped"),
    ):
        if size > limit:
            raise BundleError(
                f"The bundle has {size / MEGABYTE:.1f} MB {state}; Lambda takes"
                f" {limit / MEGABYTE:.0f} MB. Its largest parts, unzipped: {_largest(files)}. Next:"
                f" keep large files in S3, or {removing('<package>')}."
            )


def _largest(files: Mapping[str, bytes]) -> str:
    sizes: dict[str, int] = defaultdict(int)
    for name, content in files.items():
        # Of ours, each file by itself: they are not packages.
        part = name if name.startswith("definitions/") else name.partition("/")[0]
        sizes[part] += len(content)
    largest = sorted(sizes, key=lambda part: (-sizes[part], part))[:_LARGEST]
    return ", ".join(f"{part} {sizes[part] / MEGABYTE:.1f} MB" for part in largest)


def _unzipped(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values()))
