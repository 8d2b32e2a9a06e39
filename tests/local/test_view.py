"""Followed executions, shown on a terminal and without one."""

import io

import pytest
from rich.console import Console

from local.view import LiveView, PlainView, view_for
from local.watch import Execution, Step
from tests.local.history import History


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def execution(history: History) -> Execution:
    return Execution("importCsv", "arn", history)


def test_each_step_is_a_line_without_a_terminal() -> None:
    console = Console(file=(shown := io.StringIO()), width=60)

    with view_for(console, [], lambda: (1200, 3376)) as view:
        assert isinstance(view, PlainView)
        view.show(
            [Step("importCsv", "CheckStatus", 1.5, "continue"), Step("importCsv", "Run", 1.6)]
        )
        view.show([])

    assert shown.getvalue().splitlines() == [
        "     1.50 s  importCsv    CheckStatus     continue",
        "     1.60 s  importCsv    Run",
        "            1,200 of 3,376 rows",
    ]


def test_executions_are_a_table_with_progress_on_a_terminal(
    history: History, execution: Execution
) -> None:
    console = Console(file=(shown := io.StringIO()), force_terminal=True, width=120)
    history.enter("Run", {}, 0)
    history.enter("CheckStatus", {"status": "done", "message": "All rows."}, 1)

    with view_for(console, [execution], lambda: (1200, 3376)) as view:
        assert isinstance(view, LiveView)
        view.show(execution.poll())

    assert "Run → CheckStatus" in shown.getvalue()
    assert "done: All rows." in shown.getvalue()
    assert "1,200 of 3,376 rows" in shown.getvalue()


def test_nine_states_are_shown_as_a_count_and_the_last_five(
    history: History, execution: Execution
) -> None:
    console = Console(file=(shown := io.StringIO()), force_terminal=True, width=200)
    for second in range(9):
        history.enter(f"State{second}", {}, second)

    with view_for(console, [execution], lambda: (0, 1)) as view:
        view.show(execution.poll())

    assert "(4 before) State4 → State5 → State6 → State7 → State8" in shown.getvalue()
