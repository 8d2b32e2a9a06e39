"""The worker Lambda's entry."""

from handler.garbage import made_to_stay

with made_to_stay():
    from handler.aws import engine_client
    from handler.contract import WireKey
    from handler.events import payload_of
    from handler.process_log import about_task
    from handler.record import Json
    from handler.runtime import LambdaContext, about_invocation, logger, parts, system

    # Made while the Lambda starts, where it costs no iteration's time.
    engine_client("dynamodb")

logger()  # first: what a definition logs while it is imported is in the log, too
parts()


def handler(event: object, context: LambdaContext) -> Json:
    """Runs one visit of `Run`; see `Runner.run`."""
    payload = payload_of(event)
    ids = about_task(
        task_id=payload.get(WireKey.TASK_ID),
        definition_id=payload.get(WireKey.DEFINITION_ID),
        tenant=payload.get(WireKey.TENANT),
        execution_name=payload.get(WireKey.EXECUTION_NAME),
    )
    with about_invocation(context.aws_request_id), ids:
        return system(context).runner.run(event)
