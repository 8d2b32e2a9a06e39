"""`python -m cli.first_deploy`: ten checks of a stack in a real account, before and after `up`.

The most likely trouble comes first. Nothing is changed but what somebody agrees to.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cli import pulumi_stacks
from cli.errors import NoStack
from cli.first_deploy import (
    alarms,
    bucket,
    capacity,
    issuer,
    leftovers,
    logs,
    permissions,
    pulumi_cli,
    trial,
)
from cli.first_deploy.results import Check, Failed, When, lines
from cli.first_deploy.stack import Stack
from local.errors import LocalError
from local.project import Project

CHECKS: Final = (
    Check("A second preview changes nothing", pulumi_cli.second_preview, When.AFTER),
    Check("The bucket is encrypted as declared", bucket.encryption, When.AFTER),
    Check("The deployer has the permissions", permissions.permissions),
    Check("Lambda has capacity", capacity.lambda_capacity),
    Check("The issuer of JWTs answers", issuer.issuer),
    Check("No log group of an earlier stack is left", leftovers.log_groups, When.BEFORE),
    Check("The state machine is not being deleted", leftovers.state_machine),
    Check("A task runs from event to end", trial.trial, When.AFTER),
    Check("Logs are kept as declared", logs.kept_logs, When.AFTER),
    Check("Somebody hears of the alarms", alarms.alarm_subscriptions, When.AFTER),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the checks; 0 if none failed, 1 if one did, 2 if there is no such stack."""
    options = _parser().parse_args(arguments)
    try:
        stack = _stack(options)
    except (NoStack, LocalError) as error:
        print(error, file=sys.stderr)
        return 2
    counted: Counter[str] = Counter()
    for number, check in enumerate(CHECKS, start=1):
        result = check.run(stack)
        counted[type(result).__name__] += 1
        print(lines(number, check, result), flush=True)
    print(f"\n{counted['Ok']} ok, {counted['Failed']} failed, {counted['Skipped']} skipped.")
    return int(counted[Failed.__name__] > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cli.first_deploy", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack, such as dev")
    parser.add_argument(
        "--outputs", type=Path, metavar="FILE", help="outputs as JSON, in place of Pulumi's"
    )
    parser.add_argument("--yes", action="store_true", help="agree to everything that is asked")
    return parser


def _stack(options: argparse.Namespace) -> Stack:
    project = Project.from_folder(Path.cwd(), options.stack)
    return Stack(
        project=project,
        outputs=json.loads(options.outputs.read_text())
        if options.outputs
        else pulumi_stacks.outputs(project.folder, options.stack),
        agrees=lambda sentence: options.yes or _asked(sentence),
        of_pulumi=not options.outputs,
    )


def _asked(sentence: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"    {sentence} [y/N] ").strip().lower() in {"y", "yes"}


if __name__ == "__main__":
    sys.exit(main())
