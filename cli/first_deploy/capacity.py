"""What the account lets Lambda use."""

from typing import Final

from cli.first_deploy.results import Failed, Ok, Result
from cli.first_deploy.stack import Stack
from local.access import Client

# Lambda guide, "Configuring reserved concurrency": AWS keeps so many for all other functions.
UNRESERVED: Final = 100
# Each deploy leaves versions of the three functions behind: 75 GB hold thousands of them.
ALMOST_FULL: Final = 0.9
_MORE: Final = (
    "ask AWS for more: aws service-quotas request-service-quota-increase --service-code lambda"
    " --quota-code L-B99A9384 --desired-value 1000. It may take a day."
)


def lambda_capacity(stack: Stack) -> Result:
    """Whether Lambdas find room to run and to be stored, and workerConcurrency can be reserved."""
    lambdas = stack.client("lambda")
    settings = lambdas.get_account_settings()
    limit = settings["AccountLimit"]
    at_a_time, wanted = limit["ConcurrentExecutions"], int(stack.setting("workerConcurrency") or 0)
    free = limit["UnreservedConcurrentExecutions"] + _reserved_already(lambdas, stack)
    if wanted and free - wanted < UNRESERVED:
        return Failed(
            f"workerConcurrency is {wanted}, and {free} of {at_a_time} are not reserved; AWS keeps"
            f" {UNRESERVED}.",
            f"pulumi config set workerConcurrency {max(0, free - UNRESERVED)}, or {_MORE}",
        )
    if at_a_time < UNRESERVED:
        return Failed(
            f"the account runs {at_a_time} Lambdas at a time, as a new one does: workers take them"
            " all, and the API and the recovery are throttled.",
            _MORE,
        )
    used = settings["AccountUsage"]["TotalCodeSize"] / limit["TotalCodeSize"]
    if used > ALMOST_FULL:
        return Failed(
            f"{used:.0%} of the space for code is used.", "delete old versions of functions."
        )
    return Ok(f"{at_a_time} at a time, {free} of them not reserved; {used:.0%} of the code space.")


def _reserved_already(lambdas: Client, stack: Stack) -> int:
    """What the worker has already, which a deploy doesn't take again."""
    if not stack.is_deployed:
        return 0
    answer = lambdas.get_function_concurrency(FunctionName=stack.outputs["workerFunctionName"])
    return int(answer.get("ReservedConcurrentExecutions", 0))
