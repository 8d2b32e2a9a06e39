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
    """Whether Lambdas find room to run and to be stored, and what is to be reserved is free."""
    lambdas = stack.client("lambda")
    settings = lambdas.get_account_settings()
    limit = settings["AccountLimit"]
    at_a_time, wanted = limit["ConcurrentExecutions"], sum(_reservations(stack).values())
    free = limit["UnreservedConcurrentExecutions"] + _reserved_already(lambdas, stack)
    if wanted and free - wanted < UNRESERVED:
        return _too_much(stack, wanted=wanted, free=free, at_a_time=at_a_time)
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


def _reservations(stack: Stack) -> dict[str, int]:
    """What each worker is to have for itself, by the end of its name: by default as the worker."""
    own = int(stack.setting("workerConcurrency") or 0)
    others = {f"-{name}": said.get("concurrency") for name, said in stack.workers.items()}
    return {"": own} | {end: own if said is None else int(said) for end, said in others.items()}


def _too_much(stack: Stack, *, wanted: int, free: int, at_a_time: int) -> Failed:
    most = max(0, free - UNRESERVED)
    what = f"workerConcurrency is {wanted}"
    how = f"pulumi config set workerConcurrency {most}"
    if stack.workers:
        what = f"workerConcurrency and the concurrency of workers are {wanted} together"
        how = f"set less of both, {most} at most together"
    return Failed(
        f"{what}, and {free} of {at_a_time} are not reserved; AWS keeps {UNRESERVED}.",
        f"{how}, or {_MORE}",
    )


def _reserved_already(lambdas: Client, stack: Stack) -> int:
    """What the workers have already, which a deploy doesn't take again."""
    if not stack.is_deployed:
        return 0
    default = stack.outputs["workerFunctionName"]
    return sum(_reserved_by(lambdas, f"{default}{end}") for end in _reservations(stack))


def _reserved_by(lambdas: Client, function: str) -> int:
    """What a function has for itself; one that is new has nothing."""
    try:
        answer = lambdas.get_function_concurrency(FunctionName=function)
    except lambdas.exceptions.ResourceNotFoundException:
        return 0
    return int(answer.get("ReservedConcurrentExecutions", 0))
