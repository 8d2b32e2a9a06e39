"""`pulumi-language-python`: starts the program, in the project's virtual environment.

Pulumi's own one comes with its CLI, and not as a Go module. What this one does for a program is the
same: Pulumi's script `pulumi-language-python-exec` runs it, with the same flags and environment.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from tests.engine.serving import serve

EXEC: Final = "BACKGROUND_TASKS_ENGINE_EXEC"  # where Pulumi's script is
TOLD: Final = 32  # the script's exit status for a program whose error it has told already


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """What the engine asks of the language of a program."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._running: list[subprocess.Popen[bytes]] = []

    def Handshake(self, request: Any, context: Any) -> Message:  # noqa: N802
        """Takes the engine's address."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Message:  # noqa: N802
        """Says which version this is: none that anybody released."""
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetRequiredPackages(self, request: Any, context: Any) -> Message:  # noqa: N802
        """Names no plugin: the engine finds each on the PATH when a resource needs it."""
        return language_pb2.GetRequiredPackagesResponse()

    def Run(self, request: Any, context: Any) -> Message:  # noqa: N802
        """Runs the program, and says how it ended."""
        try:
            python = interpreter(Path(request.info.root_directory), _options(request))
        except FileNotFoundError as error:
            return language_pb2.RunResponse(error=str(error))
        program = subprocess.Popen(
            [str(python), os.environ[EXEC], *self._flags(request), ".", *request.args],
            cwd=request.info.program_directory,
            env=_environment(python, request),
        )
        self._running.append(program)
        match program.wait():
            case 0:
                return language_pb2.RunResponse()
            case code if code == TOLD:
                return language_pb2.RunResponse(bail=True)
            case code:
                return language_pb2.RunResponse(error=f"Program exited with exit code {code}")

    def Cancel(self, request: Any, context: Any) -> Empty:  # noqa: N802
        """Ends a program that runs."""
        for program in self._running:
            program.terminate()
        return Empty()

    def _flags(self, request: Any) -> list[str]:
        flags = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "",
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        return [part for name, value in flags.items() if value for part in (f"--{name}", value)]


def interpreter(root: Path, options: dict[str, Any]) -> Path:
    """The Python of a project's virtual environment, by the runtime's options in Pulumi.yaml.

    Raises:
        FileNotFoundError: it isn't there. The message says what was looked for.
    """
    toolchain = options.get("toolchain", "pip")
    named = options.get("virtualenv") or (".venv" if toolchain == "uv" else "")
    if toolchain == "poetry":
        return _of_poetry(root)
    if not named:
        return Path(shutil.which("python3") or "python3")
    python = root / named / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"The virtual environment of the project has no {python}.")
    return python


def _of_poetry(root: Path) -> Path:
    poetry = shutil.which("poetry")
    if not poetry:
        raise FileNotFoundError("The toolchain of the project is poetry, which isn't on the PATH.")
    said = subprocess.run(
        [poetry, "env", "info", "--executable"],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    if said.returncode:
        raise FileNotFoundError(f"Poetry knows of no virtual environment: {said.stderr}")
    return Path(said.stdout.strip())


def _options(request: Any) -> dict[str, Any]:
    options: dict[str, Any] = MessageToDict(request.info.options)
    return options


def _environment(python: Path, request: Any) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    return environment | {
        "VIRTUAL_ENV": str(python.parent.parent),
        "PATH": f"{python.parent}{os.pathsep}{environment.get('PATH', '')}",
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }


def main(engine: str) -> None:
    """Serves the engine at this address."""
    host = LanguageHost(engine)
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server))
