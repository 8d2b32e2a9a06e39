"""The commands, by name. Each is imported when it is asked for: `--help` waits for none of them."""

from typing import Final

from cyclopts import App, Group, Parameter

COMMAND: Final = "background-tasks"
_TASKS: Final = Group("Tasks", sort_key=1)
_STACK: Final = Group("The stack", sort_key=2)
_SHELL: Final = Group("The command line", sort_key=3)

# Name, where it is, what it does, and its group.
COMMANDS: Final = (
    ("trigger", "trigger:trigger", "Trigger a task.", _TASKS),
    ("watch", "watch:watch", "Show a task live until it is over.", _TASKS),
    ("list", "list:list_tasks", "List tasks, the newest first.", _TASKS),
    ("show", "show:show", "Show a task with all that is known of it.", _TASKS),
    ("logs", "logs:logs", "Show the log of a task, and follow it.", _TASKS),
    ("abort", "verbs:abort", "End open tasks for good, with their children.", _TASKS),
    ("retry", "verbs:retry", "Do again what has failed or was aborted, as a new task.", _TASKS),
    ("signal", "signal:signal", "Hand a task something that it waits for.", _TASKS),
    ("pause", "pausing:pause", "Have nothing run tasks, a definition, or all.", _TASKS),
    ("resume", "pausing:resume", "Have what is paused go on.", _TASKS),
    ("run-now", "verbs:run_now", "End the delay or the wait of tasks.", _TASKS),
    ("delete", "verbs:delete", "Delete tasks that are over, with their logs.", _TASKS),
    ("definitions", "definitions:definitions", "List what can be triggered.", _STACK),
    ("limits", "limits:app", "See and change how many tasks run at a time.", _STACK),
    ("settings", "settings:settings", "See and change what holds for all tasks.", _STACK),
    ("send", "send:send", "Send an event that triggers a task, without the API.", _STACK),
    ("console", "console:console", "Look at all of it in a browser, on this machine.", _STACK),
    ("doctor", "doctor:doctor", "Look for what is wrong with the stack. Changes nothing.", _STACK),
    ("completion", "completion:completion", "Print what completes commands in a shell.", _SHELL),
)
_WORDS: Final = (
    "Run and look after background tasks: on the local AWS of this folder, or on a deployed"
    " stack.\n\n"
    "A stack is found by --stack, --outputs or --local; by the variables BACKGROUND_TASKS_STACK"
    " and BACKGROUND_TASKS_OUTPUTS; else it is the local AWS, if one is up, or the stack that"
    " Pulumi has selected."
)


def made(name: str, words: str | None = None, **more: object) -> App:
    """An app whose errors are raised, and whose flags have no opposites."""
    return App(
        name=name,
        help=words,
        help_format="plaintext",
        help_formatter="plain",
        default_parameter=Parameter(negative=(), show_default=False),
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
        **more,  # type: ignore[arg-type]
    )


def app(asked: str = "") -> App:
    """The whole command line.

    Args:
        asked: the command that is asked for: its help is its function's own docstring.
    """
    whole = made(COMMAND, _WORDS, version=version)
    for flag in ("--help", "--version"):
        whole[flag].group = (_SHELL,)
    for name, place, words, group in COMMANDS:
        whole.command(
            f"cli.commands.{place}", name=name, help=None if name == asked else words, group=group
        )
    return whole


def version() -> str:
    """The project's version, as pyproject.toml has it."""
    import tomllib  # noqa: PLC0415  read when it is asked for
    from pathlib import Path  # noqa: PLC0415

    text = Path(__file__).parent.parent.joinpath("pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])
