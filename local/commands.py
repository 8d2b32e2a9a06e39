"""The commands of `python -m local`."""

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent

from handler.contract import DEFAULT_TENANT
from local import for_pulumi
from local.console import running_console
from local.demo import run_demo
from local.deployed import OUTPUTS_FILE, Deployed, other_project, running_project
from local.emulator import Options
from local.errors import LocalError
from local.graphql_client import execute
from local.guide import guide, python
from local.logs import FUNCTIONS, Line, Logs
from local.project import Project
from local.scheduled import scheduled

DEFAULT_PORT = 4566
_DESCRIPTION = "An AWS account on your machine, with this project deployed into it."
_LAST_PORT = 65_535
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_AGO = re.compile(r"(\d{1,6})([smhd])")


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status; a LocalError is printed, without traceback."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=_DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_up(commands.add_parser("up", help="deploy into a local AWS, which runs until Ctrl-C"))
    _add_demo(
        commands.add_parser("demo", help="run two tasks on a local AWS, shown state by state")
    )
    _add_aws(commands.add_parser("aws", help="start a local AWS with nothing in it, for Pulumi"))
    _add_env(commands.add_parser("env", help="print what a shell needs to speak to it"))
    _add_use(commands.add_parser("use", help="take `pulumi stack output --json` from stdin"))
    _add_graphql(commands.add_parser("graphql", help="send a signed request to the API of `up`"))
    _add_logs(commands.add_parser("logs", help="show what the Lambdas of `up` log and print"))
    return parser


def _add_up(up: argparse.ArgumentParser) -> None:
    up.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="port of the local AWS; 0 is any free one (default: %(default)s)",
    )
    up.add_argument(
        "--config",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="values that override Pulumi.dev.yaml",
    )
    up.add_argument(
        "--wait-scale",
        type=_wait_scale,
        default=1.0,
        metavar="N",
        help="real seconds for each second of a wait (default: 1)",
    )
    up.add_argument(
        "--no-console", action="store_true", help="without the operators' page in a browser"
    )
    up.set_defaults(command=_up)


def _add_demo(demo: argparse.ArgumentParser) -> None:
    demo.add_argument(
        "--port", type=_port, default=0, help="port of the local AWS (default: any free one)"
    )
    demo.set_defaults(command=_demo)


def _add_aws(aws: argparse.ArgumentParser) -> None:
    aws.description = f"Its port and region are those of Pulumi.{for_pulumi.STACK}.yaml."
    aws.set_defaults(command=_aws)


def _add_env(env: argparse.ArgumentParser) -> None:
    env.set_defaults(command=_env)


def _add_use(use: argparse.ArgumentParser) -> None:
    use.set_defaults(command=_use)


def _add_graphql(graphql: argparse.ArgumentParser) -> None:
    graphql.add_argument("document", help="a GraphQL query or mutation")
    graphql.add_argument("variables", nargs="?", default="{}", help="its variables, as JSON")
    graphql.add_argument(
        "--tenant",
        type=_tenant,
        default=DEFAULT_TENANT,
        metavar="NAME",
        help="whose tasks it is about, in the header x-tenant (default: %(default)s)",
    )
    graphql.set_defaults(command=_graphql)


def _add_logs(logs: argparse.ArgumentParser) -> None:
    logs.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    logs.add_argument(
        "--task", type=_task_id, metavar="ID", help="only of this task: its id, or the end of it"
    )
    logs.add_argument("--function", choices=FUNCTIONS, help="only of this Lambda")
    logs.add_argument(
        "--since", type=_ago, metavar="10m", help="only of the last 30s, 10m or 2h (default: all)"
    )
    logs.add_argument("--json", action="store_true", help="each line as it is in CloudWatch")
    logs.set_defaults(command=_logs)


def _up(options: argparse.Namespace) -> int:
    project = Project.from_folder(Path.cwd()).with_config(_pairs(options.config))
    print("Starting a local AWS and deploying the project…", flush=True)
    with (
        running_project(project, Options(port=options.port, wait_scale=options.wait_scale)) as (
            deployed,
            emulator,
        ),
        suppress(KeyboardInterrupt),
        _console(deployed, is_wanted=not options.no_console) as console,
    ):
        print(
            f"{console}\n{_guide(deployed)}\n{_beside(project.folder)}Written to"
            f" {OUTPUTS_FILE}. Log: {emulator.log}. Ctrl-C ends it.",
            flush=True,
        )
        with deployed.in_file(project.folder):
            emulator.wait()
    print("\nThe local AWS has ended, and its data is gone.", flush=True)
    return 0


@contextmanager
def _console(deployed: Deployed, *, is_wanted: bool) -> Iterator[str]:
    """The lines that say where the operators' console is."""
    if not is_wanted:
        yield ""
        return
    with running_console(deployed) as url:
        where = url or f"it does not start. To see why: {python()} -m cli console --local"
        yield f"\nThe console, in a browser:\n  {where}\n"


def _aws(_options: argparse.Namespace) -> int:
    project = Project.from_folder(Path.cwd(), for_pulumi.STACK)
    with (
        for_pulumi.running(project) as emulator,
        suppress(KeyboardInterrupt),
        Deployed(emulator.access, {}).in_file(project.folder),
    ):
        print(
            f"A local AWS with nothing in it is up at {emulator.access.endpoint_url}. Deploy into"
            f" it from another terminal:\n\n{indent(for_pulumi.commands(), '  ')}\n\n"
            f"docs/deploying.md says what each does. Log: {emulator.log}. Ctrl-C ends it.",
            flush=True,
        )
        emulator.wait()
    print("\nThe local AWS has ended, and its data is gone.", flush=True)
    return 0


def _env(_options: argparse.Namespace) -> int:
    print(for_pulumi.environment(Deployed.from_file(Path.cwd())))
    return 0


def _use(_options: argparse.Namespace) -> int:
    print(_guide(for_pulumi.used(Path.cwd(), sys.stdin.read())))
    return 0


def _beside(folder: Path) -> str:
    other = other_project(folder)
    if other is None:
        return ""
    return (
        f"Another local AWS of this folder is up at {other.access.endpoint_url}: until this one"
        " ends, `graphql` and `logs` speak to this one.\n"
    )


def _guide(deployed: Deployed) -> str:
    return guide(deployed, scheduled(deployed.access, datetime.now(UTC)))


def _demo(options: argparse.Namespace) -> int:
    run_demo(Project.from_folder(Path.cwd()), options.port)
    return 0


def _graphql(options: argparse.Namespace) -> int:
    deployed = Deployed.from_file(Path.cwd())
    data = execute(
        deployed.access,
        deployed.api_url,
        options.document,
        _variables(options.variables),
        tenant=options.tenant,
    )
    print(json.dumps(data, indent=2))
    return 0


def _logs(options: argparse.Namespace) -> int:
    functions = (options.function,) if options.function else FUNCTIONS
    since = time.time() - options.since if options.since else 0
    logs = Logs(Deployed.from_file(Path.cwd()), functions, since)
    is_silent = True
    for line in logs.follow() if options.follow else logs.new():
        if _is_asked_for(line, options):
            print(line.text if options.json else line, flush=True)
            is_silent = False
    if is_silent:
        print(_nothing(options), file=sys.stderr)
    return 0


def _is_asked_for(line: Line, options: argparse.Namespace) -> bool:
    is_of_task = not options.task or line.is_of(options.task)
    return is_of_task and (options.json or line.is_for_people)


def _nothing(options: argparse.Namespace) -> str:
    asked = [
        f" of a task whose id ends with {options.task}" if options.task else "",
        f" of {options.function}" if options.function else "",
        " in that time" if options.since else "",
    ]
    return f"There is no line{''.join(asked)}. `--follow` waits for some."


def _task_id(text: str) -> str:
    if text.strip():
        return text.strip()
    raise argparse.ArgumentTypeError("the ID is empty; it takes a task's id, or the end of it")


def _tenant(text: str) -> str:
    if text and text.isascii() and text.isprintable() and text == text.strip():
        return text
    raise argparse.ArgumentTypeError(
        f'"{text}" can\'t be in a header; write ASCII characters, without blanks around them'
    )


def _ago(text: str) -> float:
    if found := _AGO.fullmatch(text):
        return int(found[1]) * _SECONDS[found[2]]
    raise argparse.ArgumentTypeError(f'"{text}" is not a time such as 30s, 10m or 2h')


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= _LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f'"{text}" is not a port: 0 (a free one) to {_LAST_PORT}')


def _wait_scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if math.isfinite(scale) and scale >= 0:
        return scale
    raise argparse.ArgumentTypeError(f'"{text}" is not a number from 0 on, such as 0.01')


def _variables(text: str) -> dict[str, object]:
    try:
        variables = json.loads(text)
    except ValueError as error:
        raise LocalError(
            f'The variables are not valid JSON: {error}. For example: \'{{"id": "123"}}\''
        ) from error
    if not isinstance(variables, dict):
        raise LocalError(
            f'The variables are not a JSON object: {text}. For example: \'{{"id": "123"}}\''
        )
    return variables


def _pairs(settings: Sequence[str]) -> dict[str, str]:
    for setting in settings:
        if "=" not in setting:
            raise LocalError(
                f'--config takes KEY=VALUE, not "{setting}". For example: --config'
                " workerMemoryMb=2048"
            )
    return dict(setting.split("=", 1) for setting in settings)
