"""What to try with a deployed project, as lines to copy into another terminal."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from handler.contract import DETAIL_TYPE, WireKey
from local.access import Access
from local.deployed import Deployed

_LIST_TASKS = "{ backgroundTasks { listTasks { data { id definitionId taskStatus iterations } } } }"
_TRIGGER = (
    "mutation { backgroundTasks { triggerTask(definition: testingRun) { data { id } error { message"
    " } } } }"
)

_NOT_BY_A_PROXY = ('NO_PROXY="$NO_PROXY,127.0.0.1"', 'no_proxy="$no_proxy,127.0.0.1"')
# They would be used beside the key, or in its place.
_UNSET = "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN"


def guide(deployed: Deployed, schedules: Sequence[str] = ()) -> str:
    """All sections: outputs, credentials, events, executions, the API, the schedules if any."""
    return "\n".join(
        [
            _section("Outputs", _outputs(deployed.outputs)),
            _section("Use any AWS tool, after these lines", environment_lines(deployed.access)),
            _section(
                "Send an event by hand", [_put_events(deployed), _put_events_in_python(deployed)]
            ),
            _section("See the executions", [_list_executions(deployed)]),
            _section("See what the Lambdas log and print", [f"{python()} -m local logs --follow"]),
            _section("Use the command line", [f"{_command()} list", f"{_command()} --help"]),
            _section("Call the GraphQL API", [_graphql(_TRIGGER), _graphql(_LIST_TASKS)]),
            _section("Open GraphiQL in a browser, and type the key above", [deployed.api_url]),
            *([_section("Triggered by the clock", list(schedules))] if schedules else []),
        ]
    )


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines), ""])


def _outputs(outputs: Mapping[str, object]) -> list[str]:
    return _aligned({name: text for name, text in sorted(outputs.items()) if isinstance(text, str)})


def _aligned(texts: Mapping[str, str]) -> list[str]:
    width = max(map(len, texts), default=0)
    return [f"{name:{width}}  {text}" for name, text in texts.items()]


def environment_lines(access: Access) -> list[str]:
    """Lines for a shell, after which AWS tools speak to the local AWS, and to no other."""
    return [_exports(access), _UNSET]


def _exports(access: Access) -> str:
    values = {
        "AWS_ENDPOINT_URL": access.endpoint_url,
        "AWS_REGION": access.region,
        "AWS_DEFAULT_REGION": access.region,  # boto3 reads this one
        "AWS_ACCESS_KEY_ID": access.access_key_id,
        "AWS_SECRET_ACCESS_KEY": access.secret_access_key,
    }
    words = [*(f"{name}={value}" for name, value in values.items()), *_NOT_BY_A_PROXY]
    return f"export {' '.join(words)}"


def _entry(deployed: Deployed) -> dict[str, str]:
    detail = json.dumps({WireKey.DEFINITION_ID.value: "testingRun"})
    return {
        "EventBusName": deployed.event_bus_name,
        "Source": "by-hand",
        "DetailType": DETAIL_TYPE,
        "Detail": detail,
    }


def _put_events(deployed: Deployed) -> str:
    return f"aws events put-events --entries {shlex.quote(json.dumps([_entry(deployed)]))}"


def _put_events_in_python(deployed: Deployed) -> str:
    code = (
        "import boto3;"
        f' print(boto3.client("events").put_events(Entries={json.dumps([_entry(deployed)])}))'
    )
    return f"{python()} -c {shlex.quote(code)}"


def _graphql(document: str) -> str:
    return f"{python()} -m local graphql {shlex.quote(document)}"


def next_steps() -> str:
    """What to try after the demo."""
    steps = {
        f"{python()} -m local up": "keep a local AWS: send your own events, call the API",
        "definitions/": "add a file with a task; the next `up` has it",
        "README.md": "write a task, deploy it to AWS",
    }
    return _section("What to try next", _aligned(steps))


def python() -> str:
    """This Python, by its shortest path from the current folder."""
    executable, here = Path(sys.executable), Path.cwd()
    return str(executable.relative_to(here) if executable.is_relative_to(here) else executable)


def _command() -> str:
    """The command line, by its link beside this Python; without one, as a module."""
    link = Path(python()).with_name("background-tasks")
    return str(link) if link.exists() else f"{python()} -m cli"


def _list_executions(deployed: Deployed) -> str:
    machine = deployed.state_machine_arn
    return f"aws stepfunctions list-executions --state-machine-arn {machine}"
