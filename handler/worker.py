"""The worker Lambda's entry."""

from handler.record.task_record import Json
from handler.runtime import LambdaContext, log, remaining_of
from handler.wiring import client, system

# Made while the Lambda starts, where it costs no iteration's time; and a definition that fails to
# import fails here.
client("dynamodb")
system(remaining=lambda: 0.0)


def handler(event: object, context: LambdaContext) -> Json:
    """Runs one iteration; see `Runner.run`."""
    answer = system(remaining=remaining_of(context)).runner.run(
        event, invocation=context.aws_request_id
    )
    log.info(
        "iteration",
        extra={
            "action": "iteration",
            "answer": answer.get("status"),
            "task": answer.get("webinyTaskId"),
        },
    )
    return answer
