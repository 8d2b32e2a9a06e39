"""Starts a local AWS as a process of its own, and ends all of its processes."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn
from urllib.error import URLError

from botocore.exceptions import BotoCoreError, ClientError

from local.access import Access
from local.aws.gate import HEALTH
from local.errors import EmulatorFailed, PortTaken
from local.interruption import is_asked_to_end
from local.loopback import send
from local.surroundings import of_the_local_aws

HOST = "127.0.0.1"
ACCOUNT_ID = "000000000000"
_ADMINISTRATOR = "local"
_ROOT = Path(__file__).parent.parent
_START_SECONDS = 30
_STOP_SECONDS = 5
# How often a command that waits looks whether it is asked to end.
_LOOK_SECONDS = 0.5
_LOG_LINES = 15
# How often another free port is tried, if somebody takes it before ministack does.
_FREE_PORTS = 5


@dataclass(frozen=True)
class Options:
    """How to start a local AWS."""

    port: int = 0  # 0: any free port
    region: str = "us-east-1"
    wait_scale: float = 1.0  # real seconds for each second of a `Wait` or of a retry's interval
    program: tuple[str, ...] = ("local.aws",)  # the module to run, and its arguments after a folder
    root: Path = _ROOT  # where the program is found


@dataclass(frozen=True)
class Emulator:
    """A running local AWS."""

    access: Access
    log: Path
    _process: subprocess.Popen[bytes]

    def wait(self) -> NoReturn:
        """Blocks until the process ends; a process that ends by itself is a failure.

        Raises:
            KeyboardInterrupt: the command is asked to end.
        """
        while self._process.poll() is None:
            if is_asked_to_end():
                raise KeyboardInterrupt
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LOOK_SECONDS)
        raise _ended(self._process.returncode, self.log)


@contextmanager
def running_emulator(options: Options) -> Iterator[Emulator]:
    """A running local AWS. Leaving the block ends its processes and removes its files.

    Raises:
        PortTaken: another program listens on the port.
        EmulatorFailed: ministack did not start; the message has the end of its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="background-tasks-aws-"))
    try:
        process, root = _started(folder, options)
        try:
            yield Emulator(_administrator(root), _log(folder), process)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path, options: Options) -> tuple[subprocess.Popen[bytes], Access]:
    """Starts ministack on the port of the options, or on a free one that it gets."""
    for left in reversed(range(1 if options.port else _FREE_PORTS)):
        root = _root(options.port or _free_port(), options)
        try:
            return _start_on(root, folder, options), root
        except PortTaken:
            if not left:
                raise
    raise AssertionError("unreachable")


def _root(port: int, options: Options) -> Access:
    return Access(
        f"http://{HOST}:{port}",
        options.region,
        f"AKIA{secrets.token_hex(8).upper()}",
        secrets.token_urlsafe(30),
    )


def _start_on(root: Access, folder: Path, options: Options) -> subprocess.Popen[bytes]:
    _refuse_a_taken_port(_port_of(root))
    process = _start(folder, root, options)
    try:
        _wait_until_healthy(process, root, folder)
    except BaseException:
        _stop(process)
        raise
    return process


def _port_of(access: Access) -> int:
    return int(access.endpoint_url.rsplit(":", 1)[1])


def _administrator(root: Access) -> Access:
    """A user who may do everything. ministack checks no signatures of root: nobody gets its key."""
    iam = root.client("iam")
    iam.create_user(UserName=_ADMINISTRATOR)
    iam.attach_user_policy(
        UserName=_ADMINISTRATOR, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    key = iam.create_access_key(UserName=_ADMINISTRATOR)["AccessKey"]
    return replace(root, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _refuse_a_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTaken(port) from error


def _start(folder: Path, root: Access, options: Options) -> subprocess.Popen[bytes]:
    module, *arguments = options.program
    with _log(folder).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(folder), *arguments],
            cwd=options.root,
            env=_environment(folder, root, options),
            stdin=subprocess.PIPE,  # held open: the child ends when it closes
            stdout=log,
            stderr=subprocess.STDOUT,
            umask=0o022,
            # A process group of its own: it includes the Lambdas, and gets no Ctrl-C.
            start_new_session=True,
        )


def _environment(folder: Path, root: Access, options: Options) -> dict[str, str]:
    return of_the_local_aws(os.environ) | {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": root.secret_access_key,
        "BIND_HOST": HOST,
        # ministack would remove containers that look like its own.
        "DOCKER_HOST": f"unix://{folder}/no-docker",
        "GATEWAY_PORT": str(_port_of(root)),
        "HOME": str(folder),
        "IOT_MTLS_ENABLED": "0",  # it would open another port
        "LOG_LEVEL": "INFO",
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": options.region,
        "PYTHONDONTWRITEBYTECODE": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "SFN_WAIT_SCALE": str(options.wait_scale),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
    }


def _wait_until_healthy(process: subprocess.Popen[bytes], root: Access, folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not (answers := _is_answering(root)) or not _is_ours(root):
        if process.poll() is not None:
            if answers:  # two were started at the same time, and the other one has the port
                raise PortTaken(_port_of(root))
            raise _ended(process.returncode, _log(folder))
        if time.monotonic() > deadline:
            raise EmulatorFailed(
                f"ministack did not answer within {_START_SECONDS}"
                f" seconds:\n{_end_of(_log(folder))}"
            )
        time.sleep(0.02)


def is_up(access: Access) -> bool:
    """Whether the local AWS with this key answers."""
    return _is_answering(access) and _is_ours(access)


def _is_answering(access: Access) -> bool:
    """Whether a local AWS answers there."""
    try:
        with send(f"{access.endpoint_url}{HEALTH}", timeout_seconds=1) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def _is_ours(access: Access) -> bool:
    """Whether the local AWS that answers is the one with this key."""
    try:
        access.client("sts").get_caller_identity()
    except (ClientError, BotoCoreError):
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the whole group: SIGTERM first, then SIGKILL, since a Lambda may ignore the first."""
    _signal_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _log(folder: Path) -> Path:
    return folder / "ministack.log"


def _ended(status: int, log: Path) -> EmulatorFailed:
    if status >= 0:
        return EmulatorFailed(f"ministack ended with status {status}:\n{_end_of(log)}")
    return EmulatorFailed(
        f"ministack ended. The end of its log:\n{_end_of(log)}\n"
        f"It was killed (signal {-status}). Next: python -m local up"
    )


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_LOG_LINES:]) or "  (the log is empty)"
