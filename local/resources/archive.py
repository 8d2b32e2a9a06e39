"""The zip file of a Pulumi archive."""

import io
import zipfile
from pathlib import Path

from pulumi import Archive, Asset, AssetArchive, FileArchive, FileAsset, StringAsset

from local.errors import DeploymentFailed


def to_zip(archive: object, folder: Path) -> bytes:
    """The bytes of the zip file, the same for the same files. Paths are relative to `folder`."""
    if isinstance(archive, FileArchive) and (folder / archive.path).is_file():
        return (folder / archive.path).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in _entries(archive, folder, ""):
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _entries(archive: object, folder: Path, prefix: str) -> list[tuple[str, bytes]]:
    if isinstance(archive, FileArchive):
        return _folder_entries(folder / archive.path, prefix)
    if isinstance(archive, AssetArchive):
        parts = [
            _asset_entries(asset, folder, f"{prefix}{name}")
            for name, asset in archive.assets.items()
        ]
        return [entry for part in parts for entry in part]
    raise DeploymentFailed(
        f"Lambda code is a {type(archive).__name__}; use a FileArchive or an AssetArchive."
    )


def _asset_entries(asset: Asset | Archive, folder: Path, name: str) -> list[tuple[str, bytes]]:
    if isinstance(asset, StringAsset):
        return [(name, asset.text.encode())]
    if isinstance(asset, FileAsset):
        return [(name, (folder / str(asset.path)).read_bytes())]
    return _entries(asset, folder, f"{name}/")


def _folder_entries(path: Path, prefix: str) -> list[tuple[str, bytes]]:
    if not path.exists():
        raise DeploymentFailed(
            f"The archive {path} does not exist. The program must build it before it is deployed."
        )
    files = sorted(
        file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    )
    return [(f"{prefix}{file.relative_to(path)}", file.read_bytes()) for file in files]
