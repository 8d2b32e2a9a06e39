"""The worker Lambda's entry."""

from handler.aws import engine_client
from handler.record import Json
from handler.runtime import LambdaContext, logger, parts, system

log = logger()  # first: what a definition logs while it is imported is in the log, too
# Made while the Lambda starts, where it costs no iteration's time.
engine_client("dynamodb")
parts()


def handler(event: object, context: LambdaContext) -> Json:
    """Runs one visit of `Run`; see `Runner.run`."""
    answer = system(context).runner.run(event)
    details = {"answer": answer.get("status"), "task_id": answer.get("webinyTaskId")}
    log.info("iteration", extra={"action": "iteration", **details})
    return answer
