"""A project that is deployed into a local AWS: its outputs, and the file that keeps them."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local.access import Access
from local.deployment import deploy
from local.emulator import Emulator, Options, running_emulator
from local.errors import LocalError
from local.project import Project

OUTPUTS_FILE = Path(".local") / "outputs.json"
# The Lambdas run with this machine's Python and packages: wheels for Lambda's platform are useless.
LOCAL_CONFIG = {"vendorDependencies": False}


@dataclass(frozen=True)
class Deployed:
    """A deployed project. `outputs` are those of the stack, as `pulumi stack output` shows them."""

    access: Access
    outputs: Mapping[str, Any]

    @property
    def api_url(self) -> str:
        """The URL of the GraphQL API."""
        return str(self.outputs["apiUrl"])

    @property
    def event_bus_name(self) -> str:
        """The bus that starts tasks."""
        return str(self.outputs["eventBusName"])

    @property
    def state_machine_arn(self) -> str:
        """The state machine that runs tasks."""
        return str(self.outputs["stateMachineArn"])

    @classmethod
    def from_file(cls, folder: Path) -> "Deployed":
        """Reads what `python -m local up` wrote into the project's folder."""
        try:
            values = json.loads((folder / OUTPUTS_FILE).read_text())
        except FileNotFoundError as error:
            raise LocalError(
                "No local AWS is up. Start one in another terminal: python -m local up"
            ) from error
        access = Access(
            values["endpointUrl"],
            values["region"],
            values["accessKeyId"],
            values["secretAccessKey"],
        )
        return cls(access, values)

    def to_file(self, folder: Path) -> Path:
        """Writes the outputs, the endpoint and the key to a file that only its owner can read."""
        path = folder / OUTPUTS_FILE
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")  # two may be written at the same time
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(self._values(), indent=2) + "\n")
        return unfinished.rename(path)

    def remove_file(self, folder: Path) -> None:
        """Removes what `to_file` wrote, unless another local AWS has overwritten it."""
        path = folder / OUTPUTS_FILE
        if path.exists() and self._wrote(path):
            path.unlink()

    def _wrote(self, path: Path) -> bool:
        return bool(json.loads(path.read_text())["endpointUrl"] == self.access.endpoint_url)

    def _values(self) -> dict[str, Any]:
        access = {
            "endpointUrl": self.access.endpoint_url,
            "region": self.access.region,
            "accessKeyId": self.access.access_key_id,
            "secretAccessKey": self.access.secret_access_key,
        }
        return access | dict(self.outputs)


def deploy_project(project: Project, emulator: Emulator) -> Deployed:
    """Deploys a project into a running local AWS."""
    return Deployed(emulator.access, deploy(project.with_config(LOCAL_CONFIG), emulator.access))


@contextmanager
def running_project(project: Project, options: Options) -> Iterator[tuple[Deployed, Emulator]]:
    """A local AWS in the region of the project, with the project deployed into it."""
    with running_emulator(replace(options, region=project.region)) as emulator:
        yield deploy_project(project, emulator), emulator
