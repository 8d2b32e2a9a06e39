"""The worker Lambda's entry."""

from handler.garbage import made_to_stay

with made_to_stay():
    from handler.aws import engine_client
    from handler.contract import WireKey
    from handler.events import detail_of, is_signal, payload_of
    from handler.process_log import about_task
    from handler.record import Json
    from handler.runtime import LambdaContext, about_invocation, logger, parts, system

    # Made while the Lambda starts, where it costs no iteration's time.
    engine_client("dynamodb")

logger()  # first: what a definition logs while it is imported is in the log, too
parts()


def handler(event: object, context: LambdaContext) -> Json:
    """Runs one visit of `Run`, see `Runner.run`; or hands a signal of the bus to its task."""
    sent = detail_of(event) if is_signal(event) else payload_of(event)
    ids = about_task(
        task_id=sent.get(WireKey.TASK_ID),
        definition_id=sent.get(WireKey.DEFINITION_ID),
        tenant=sent.get(WireKey.TENANT),
        execution_name=sent.get(WireKey.EXECUTION_NAME),
    )
    with about_invocation(context.aws_request_id), ids:
        if is_signal(event):
            return {"taken": system(context).signal_events.receive(event)}
        return system(context).runner.run(event)
