"""A project that is deployed into a local AWS: its outputs, and the file that keeps them."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local.access import Access
from local.deployment import deploy
from local.emulator import Emulator, Options, is_up, running_emulator
from local.errors import LocalError
from local.project import Project

OUTPUTS_FILE = Path(".local") / "outputs.json"
_PRIVATE_FOLDER = 0o700
# What the file calls the fields of `Access`.
_ACCESS = {
    "endpointUrl": "endpoint_url",
    "region": "region",
    "accessKeyId": "access_key_id",
    "secretAccessKey": "secret_access_key",
}
# The Lambdas run with this machine's Python and packages: wheels for Lambda's platform are useless.
LOCAL_CONFIG = {"vendorDependencies": False, "graphiql": True}


@dataclass(frozen=True)
class Deployed:
    """A deployed project. `outputs` are those of the stack, as `pulumi stack output` shows them."""

    access: Access
    outputs: Mapping[str, Any]

    @property
    def api_url(self) -> str:
        """The URL of the GraphQL API."""
        return self.output("apiUrl")

    @property
    def event_bus_name(self) -> str:
        """The bus that starts tasks."""
        return self.output("eventBusName")

    @property
    def state_machine_arn(self) -> str:
        """The state machine that runs tasks."""
        return self.output("stateMachineArn")

    def output(self, name: str) -> str:
        """An output of the stack.

        Raises:
            LocalError: nothing that has it is deployed.
        """
        if name in self.outputs:
            return str(self.outputs[name])
        raise LocalError(
            f"The local AWS at {self.access.endpoint_url} has no stack of which this command"
            " knows. Next: pulumi up, then pulumi stack output --json | python -m local use"
        )

    @classmethod
    def from_file(cls, folder: Path) -> "Deployed":
        """Reads what `python -m local up` wrote into the project's folder."""
        try:
            values = json.loads(_read(folder / OUTPUTS_FILE))
            access = Access(**{field: values[key] for key, field in _ACCESS.items()})
        except FileNotFoundError as error:
            raise LocalError(
                "No local AWS is up. Start one in another terminal: python -m local up"
            ) from error
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise LocalError(
                f"{OUTPUTS_FILE} is not what `up` writes. Remove it, and start `python -m local up`"
                " again."
            ) from error
        return cls(access, values)

    @contextmanager
    def in_file(self, folder: Path) -> Iterator[None]:
        """Within the block, the commands that run in the folder find this project.

        After it they find the one that was there before, if it is still up.
        """
        before = other_project(folder)
        _make_private(self._mark(folder).parent)
        _write_new(self._mark(folder), "")
        self.to_file(folder)
        try:
            yield
        finally:
            self._mark(folder).unlink(missing_ok=True)
            self._leave(folder, before)

    def to_file(self, folder: Path) -> Path:
        """Writes the outputs, the endpoint and the key to a file that only its owner can read."""
        path = folder / OUTPUTS_FILE
        _make_private(path.parent)
        _write_new(path, json.dumps(self._values(), indent=2) + "\n")
        return path

    def _leave(self, folder: Path, before: "Deployed | None") -> None:
        """Undoes `to_file`, unless another local AWS has overwritten the file."""
        path = folder / OUTPUTS_FILE
        if not self._wrote(path):
            return
        if before is not None and before._is_in_its_block(folder) and before.is_up():
            before.to_file(folder)
            if before._is_in_its_block(folder):
                return  # it finds its own file when it leaves
        path.unlink(missing_ok=True)

    def _mark(self, folder: Path) -> Path:
        """A file that is there while the project is in its block."""
        port = self.access.endpoint_url.rpartition(":")[2]
        return (folder / OUTPUTS_FILE).with_name(f"{port}.up")

    def _is_in_its_block(self, folder: Path) -> bool:
        return self._mark(folder).exists()

    def is_up(self) -> bool:
        """Whether it answers at the endpoint, and not a later one that has the same port."""
        return is_up(self.access)

    def _wrote(self, path: Path) -> bool:
        with suppress(FileNotFoundError):
            return bool(json.loads(_read(path))["endpointUrl"] == self.access.endpoint_url)
        return False

    def _values(self) -> dict[str, Any]:
        access = {key: getattr(self.access, field) for key, field in _ACCESS.items()}
        return {**access, **self.outputs}


def _make_private(folder: Path) -> None:
    """Makes a folder that is this user's alone; one that is there already becomes so.

    Raises:
        LocalError: a link, a file, or somebody else's folder has its name.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=_PRIVATE_FOLDER)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise LocalError(
            f"{folder} is a link, a file, or another user's folder. It is to have the key of the"
            " local AWS. Next: remove it."
        )
    folder.chmod(_PRIVATE_FOLDER)


def _write_new(path: Path, text: str) -> None:
    """Puts a new file of its owner's in the place of what has the name now, be it a link.

    As infra/whole_file.py does. `infra` is the deployed project's own, which may be another one.
    """
    # It opens with O_CREAT, O_EXCL and O_NOFOLLOW, mode 0600 (Python's library reference).
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(name).replace(path)


def _read(path: Path) -> str:
    """The text of a file: of no link, in no linked folder. Raises as `open`."""
    if path.parent.is_symlink():
        raise NotADirectoryError(path.parent)
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
        return file.read()


def other_project(folder: Path) -> Deployed | None:
    """The one that the commands find in the folder now, if it is up."""
    try:
        found = Deployed.from_file(folder)
    except LocalError:
        return None
    return found if found.is_up() else None


def deploy_project(project: Project, emulator: Emulator) -> Deployed:
    """Deploys a project into a running local AWS."""
    return Deployed(emulator.access, deploy(project.with_config(LOCAL_CONFIG), emulator.access))


@contextmanager
def running_project(project: Project, options: Options) -> Iterator[tuple[Deployed, Emulator]]:
    """A local AWS in the region of the project, with the project deployed into it."""
    with running_emulator(replace(options, region=project.region)) as emulator:
        yield deploy_project(project, emulator), emulator
