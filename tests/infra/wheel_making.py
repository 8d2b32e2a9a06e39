"""Tiny wheels, for tests that need a package of a certain shape: a wheel is a zip file."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    files: Mapping[str, str] | None = None,
    requires: Iterable[str] = (),
    requires_python: str = ">=3.8",
) -> Path:
    """Writes a wheel, with one module of the package's name unless it is given files."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = [
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}",
        f"Requires-Python: {requires_python}",
        *(f"Requires-Dist: {each}" for each in requires),
    ]
    kinds, abis, platforms = (part.split(".") for part in tag.split("-"))
    tags = [f"Tag: {kinds[0]}-{abis[0]}-{platform}" for platform in platforms]
    wheel = ["Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true", *tags]
    content = {
        **(files or {f"{name}.py": "x = 1\n"}),
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "\n".join(wheel) + "\n",
    }
    content[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*content, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in content.items():
            archive.writestr(each, text)
    return path
