"""Webiny's built-in task: whether events, executions and the worker work at all."""

from handler import Context, Done, task


@task(id="testingRun", title="A mock task to test run the step function permissions.")
def testing_run(context: Context, input: dict[str, object]) -> Done:
    """Ends at once, whatever it is given."""
    return Done("Task successfully finished.")
