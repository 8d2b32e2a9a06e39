"""A local AWS for `pulumi up` itself: where it answers, and what to type."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from local.deployed import Deployed
from local.emulator import HOST, Emulator, Options, running_emulator
from local.errors import LocalError, PortTaken
from local.guide import environment_lines, python
from local.project import Project

STACK: Final = "local"
_ENDPOINTS: Final = "aws:endpoints"


@contextmanager
def running(project: Project) -> Iterator[Emulator]:
    """A local AWS with nothing in it, where the stack's provider looks for it.

    Raises:
        LocalError: the port is taken, or as `options`.
    """
    here = options(project)
    try:
        with running_emulator(here) as emulator:
            yield emulator
    except PortTaken as error:
        raise LocalError(
            f"Port {here.port} on {HOST} is taken. Next: stop its program, or write another port"
            f" into each line of Pulumi.{STACK}.yaml that has this one."
        ) from error


def options(project: Project) -> Options:
    """The port and the region where the stack's provider looks for AWS.

    Raises:
        LocalError: the stack's file names no endpoint on this machine, or several.
    """
    urls = _endpoints(project)
    found = {urlsplit(url) for url in urls}
    if len(found) == 1:
        [url] = found
        if (url.scheme, url.hostname) == ("http", HOST) and url.port:
            return Options(port=url.port, region=project.region)
    raise LocalError(
        f"Pulumi.{STACK}.yaml has {_ENDPOINTS} at {sorted(urls) or 'no address'}; it takes one"
        f" address for all services, http://{HOST}:<port>. Next: git checkout Pulumi.{STACK}.yaml"
    )


def _endpoints(project: Project) -> set[str]:
    objects: list[Mapping[str, str]] = json.loads(project.config.get(_ENDPOINTS, "[]"))
    return {url for each in objects for url in each.values()}


def commands() -> str:
    """What a person types in another terminal, to deploy and to look. docs/deploying.md has it."""
    return "\n".join(
        [
            f'eval "$({python()} -m local env)"',
            "mkdir -p .local/state",
            'export PULUMI_BACKEND_URL="file://$PWD/.local/state"',
            f"export PULUMI_CONFIG_PASSPHRASE={STACK}",
            f"pulumi stack select --create {STACK}",
            "pulumi up --yes --refresh",
            f"pulumi stack output --json | {python()} -m local use",
        ]
    )


def environment(deployed: Deployed) -> str:
    """Lines for a shell, after which AWS tools, and Pulumi's provider, have the local AWS's key."""
    return "\n".join(environment_lines(deployed.access))


def used(folder: Path, text: str) -> Deployed:
    """The running local AWS with the outputs that Pulumi has printed, for the other commands."""
    deployed = Deployed(Deployed.from_file(folder).access, _outputs(text))
    deployed.to_file(folder)
    return deployed


def _outputs(text: str) -> dict[str, Any]:
    try:
        outputs = json.loads(text)
    except ValueError:
        outputs = None
    if isinstance(outputs, dict) and "apiUrl" in outputs:
        return outputs
    raise LocalError(
        "Those are not the outputs of a stack that is up. Next: pulumi up, then pulumi stack"
        f" output --json | {sys.executable} -m local use"
    )
