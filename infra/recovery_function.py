"""The recovery: a Lambda that ends tasks that nothing runs, and resends lost events."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from handler.contract import IMPORT_SECONDS, WORKER_TIMEOUT_SECONDS, EnvVar
from infra.documents import policies
from infra.event_routing import MAX_EVENT_AGE_SECONDS, MAX_RETRY_ATTEMPTS, accept_undelivered
from infra.function import (
    Function,
    FunctionArgs,
    FunctionDefaults,
    keep_failures,
    may_invoke,
)

SWEEP: Final = "rate(5 minutes)"
# Step Functions guide, "Automating Step Functions event delivery with EventBridge".
STATUS_CHANGE: Final = "Step Functions Execution Status Change"
# The worker stores how a task ended before an execution ends with SUCCEEDED. After these statuses,
# the record may still say `running`.
ABNORMAL_STATUSES: Final = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryFunctionArgs:
    """What the recovery is made from."""

    defaults: FunctionDefaults
    dead_letter_queue: aws.sqs.Queue  # what the recovery sends again
    failures: aws.sqs.Queue  # what became of its own invocations


class RecoveryFunction(pulumi.ComponentResource):
    """The recovery function, invoked when an execution ends abnormally and every five minutes.

    An invocation that fails is not repeated: the next sweep is. Its record goes to a queue, as does
    an event that EventBridge could not hand over.
    """

    function_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: RecoveryFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:RecoveryFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        function = Function(name, _function(args), opts=child)
        ended = aws.cloudwatch.EventRule(
            f"{name}-ended",
            name=args.defaults.settings.name("execution-ended"),
            description="Tells the recovery of executions that failed, timed out or were stopped.",
            event_pattern=pulumi.Output.json_dumps(
                args.defaults.arns.apply(lambda arns: _ended(arns.state_machine))
            ),
            opts=child,
        )
        sweep = aws.cloudwatch.EventRule(
            f"{name}-sweep",
            name=args.defaults.settings.name("sweep"),
            description="Has the recovery look for tasks that nothing runs, and for lost events.",
            schedule_expression=SWEEP,
            opts=child,
        )
        keep_failures(
            name,
            function,
            args.failures,
            retries=0,
            max_age_seconds=MAX_EVENT_AGE_SECONDS,
            opts=child,
        )
        accepts = accept_undelivered(name, args.failures, [ended, sweep], child)
        ready = pulumi.ResourceOptions(parent=self, depends_on=[accepts])
        _call(f"{name}-ended", ended, function, args.failures, ready)
        _call(f"{name}-sweep", sweep, function, args.failures, ready)
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})


def _function(args: RecoveryFunctionArgs) -> FunctionArgs:
    ours = args.defaults.settings.args
    return FunctionArgs(
        defaults=args.defaults,
        module="recovery",
        description="Ends background tasks that nothing runs any more; sends lost events again.",
        memory_mb=ours.worker_memory_mb,
        timeout_seconds=WORKER_TIMEOUT_SECONDS,
        policy=policies.recovery,
        statements=ours.worker_policy_statements,
        environment={
            EnvVar.DEAD_LETTER_QUEUE_URL.value: args.dead_letter_queue.url,
            EnvVar.RECOVERY_AFTER_SECONDS.value: pulumi.Output.format(
                "{0}", ours.recovery_after_seconds
            ),
            EnvVar.IMPORT_SECONDS.value: str(IMPORT_SECONDS),
        },
    )


def _ended(state_machine_arn: str) -> dict[str, object]:
    return {
        "source": ["aws.states"],
        "detail-type": [STATUS_CHANGE],
        "detail": {"status": list(ABNORMAL_STATUSES), "stateMachineArn": [state_machine_arn]},
    }


def _call(
    name: str,
    rule: aws.cloudwatch.EventRule,
    function: Function,
    failures: aws.sqs.Queue,
    opts: pulumi.ResourceOptions,
) -> None:
    may_invoke(name, function, service="events", source=rule.arn, opts=opts)
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        target_id="recovery",
        arn=function.arn,
        dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=failures.arn),
        retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
            maximum_event_age_in_seconds=MAX_EVENT_AGE_SECONDS,
            maximum_retry_attempts=MAX_RETRY_ATTEMPTS,
        ),
        opts=opts,
    )
