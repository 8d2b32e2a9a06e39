"""Runs a query in Athena: a task that polls a job in another service, with growing waits."""

from typing import Any, Literal

from pydantic import BaseModel

from handler import Aborted, Context, Continue, Done, Failed, TaskRecord, Verdict, client, task

FIRST_WAIT_SECONDS = 5
MAX_WAIT_SECONDS = 300


DATABASE = "shop"
LOCATION = "s3://shop/results/"  # the folder in S3 for the results, CSV files
QUERIES = {
    "customers": "SELECT country, count(*) FROM customers GROUP BY country",
    "revenue": "SELECT month, sum(total) FROM orders GROUP BY month",
}


class ExportAthenaInput(BaseModel):
    """The report; then the id of the started query."""

    # Never the query itself: whoever triggers the task could read all that the worker may read.
    report: Literal["customers", "revenue"]

    query_id: str | None = None
    wait_seconds: int = FIRST_WAIT_SECONDS


@task(id="exportAthena")
def export_athena(context: Context, input: ExportAthenaInput) -> Verdict:
    """Runs the query of a report in Athena, and waits for its result."""
    if input.query_id is None:
        return begin(context, input)
    query = athena().get_query_execution(QueryExecutionId=input.query_id)["QueryExecution"]
    status = query["Status"]
    match status["State"]:
        case "SUCCEEDED":
            location = query["ResultConfiguration"]["OutputLocation"]
            return Done(f"The result is at {location}.", output={"location": location})
        case "FAILED" | "CANCELLED":
            return Failed(
                status.get("StateChangeReason", f"The query is {status['State']}."),
                code="QUERY_FAILED",
            )
    longer = min(input.wait_seconds * 2, MAX_WAIT_SECONDS)
    # Polling does not count toward max_iterations.
    return Continue({"wait_seconds": longer}, wait=input.wait_seconds, counts=False)


def begin(context: Context, input: ExportAthenaInput) -> Verdict:
    """Starts the query once: its token, the id of the task, is the same after a crash."""
    input.query_id = athena().start_query_execution(
        QueryString=QUERIES[input.report],
        QueryExecutionContext={"Database": DATABASE},
        ResultConfiguration={"OutputLocation": LOCATION},
        # Athena takes 32 to 128 characters.
        ClientRequestToken=f"background-task-{context.task.id}",
    )["QueryExecutionId"]
    context.save_input(input)  # from here on, `stop_the_query` finds it
    if context.is_aborted():
        stop(input.query_id)
        return Aborted()
    return Continue(wait=input.wait_seconds)


@export_athena.on_abort
def stop_the_query(record: TaskRecord) -> None:
    """Stops the query of an aborted task: nobody waits for its result."""
    if query_id := ExportAthenaInput.model_validate(record.input).query_id:
        stop(query_id)


def stop(query_id: str) -> None:
    """Stops a query. A finished one is not changed."""
    athena().stop_query_execution(QueryExecutionId=query_id)


def athena() -> Any:
    return client("athena")
