"""How large the archive is that all Lambdas run."""

import tempfile
from pathlib import Path
from typing import get_args

from infra.archive import wheels
from infra.archive.wheels import Architecture
from infra.bundle import build
from tests.measure.promise import Promise

ROOT = Path(__file__).parent.parent.parent
MEGABYTE = 1024 * 1024


def promises() -> list[Promise]:
    """Builds it for each architecture. boto3 is not in it: Lambda's runtime has one."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = {
            architecture: build(
                Path(folder) / f"{architecture}.zip", ROOT, wheels.fetch(architecture)
            )
            .stat()
            .st_size
            / MEGABYTE
            for architecture in get_args(Architecture)
        }
    shown = ", ".join(f"{size:.2f} for {architecture}" for architecture, size in sizes.items())
    return [Promise("the bundle, zipped, in MB", max(sizes.values()), 5, shown)]
