"""Imports modules from a folder as Lambda would, and writes down what happens.

Another Python than the program's runs this file, alone: it imports the standard library only.
`python -I -S infra/import_probe.py <job.json>`; the job names the folder, the modules, the folder
of the runtime's packages, and the file for the results.
"""

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text())
    folder = job["folder"]
    # Lambda looks into the archive first, then into what the runtime has. Its last place is the
    # standard library here: nothing is in both.
    sys.path[:] = [folder, *sys.path, job["runtime"]]
    os.chdir(folder)
    refused = refuse_connections()
    results: list[dict[str, Any]] = []
    for module in job["modules"]:
        # Written before each import: one that ends the process leaves its name.
        write(job["results"], [*results, {"module": module, "error": "Exit", "text": ""}])
        refused.clear()
        if (failure := failure_of(module, folder)) is not None:
            results.append(failure | {"module": module, "connects": sorted(refused)})
    write(job["results"], results)
    sys.stdout.flush()
    os._exit(0)  # whatever the modules have started


def write(path: str, results: list[dict[str, Any]]) -> None:
    Path(path).write_text(json.dumps(results))


def failure_of(module: str, folder: str) -> dict[str, Any] | None:
    """What its import raises, and where; `None` if it raises nothing."""
    try:
        importlib.import_module(module)
    except BaseException as error:
        return described(error, folder)
    return None


def described(error: BaseException, folder: str) -> dict[str, Any]:
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return {
        "error": type(error).__name__,
        "text": without_folders(text, folder),
        "frames": [
            (os.path.relpath(file, folder), line or 1)
            for file, line in frames
            if file.startswith(folder + os.sep)
        ],
        "missing": error.name if isinstance(error, ImportError) else None,
        "missing_name": getattr(error, "name_from", None),
    }


def without_folders(text: str, folder: str) -> str:
    """A text, with paths that start in the temporary folders."""
    for temporary in (folder, str(Path(folder).parent)):
        text = text.replace(temporary + os.sep, "").replace(temporary, ".")
    return text


def refuse_connections() -> set[str]:
    """Refuses connections to the network from now on; returns where they were to go."""
    refused: set[str] = set()

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            target = arguments[0]
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            target = arguments[1][0]
        else:
            return
        refused.add(str(target))
        raise OSError("There is no network while the bundle is checked.")

    sys.addaudithook(refuse)
    return refused


if __name__ == "__main__":
    main(sys.argv[1])
