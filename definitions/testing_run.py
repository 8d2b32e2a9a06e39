"""Webiny's built-in task: a test of the events, the state machine and the worker."""

from handler import Context, Done, task


@task(id="testingRun", title="A mock task to test run the step function permissions.")
def testing_run(context: Context, input: dict[str, object]) -> Done:
    """Ends at once, with any input."""
    return Done("Task successfully finished.")
