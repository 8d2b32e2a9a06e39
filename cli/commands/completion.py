"""`completion`: what completes commands and flags in a shell."""

from typing import Annotated, Literal

from cyclopts import Parameter

from cli.app import COMMAND, app
from cli.surroundings import SURROUNDINGS


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="The shell.")], /
) -> None:
    """Print what completes commands and flags in a shell.

    For bash, in ~/.bashrc: eval "$(background-tasks completion bash)"
    """
    SURROUNDINGS.get().stdout.write(app().generate_completion(prog_name=COMMAND, shell=shell))
