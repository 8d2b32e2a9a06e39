"""A request on the loopback address counts as one by TLS.

AWS has TLS, and policies that refuse a request without it (IAM user guide, "AWS global condition
context keys", `aws:SecureTransport`). The local AWS has none, and needs none: nothing leaves the
machine. ministack would let these policies refuse everything.
"""

from typing import Any

from local.aws.patch import Original, module, replace


def apply() -> None:
    """Tells every policy of a request, and of a service's own call, that it is by TLS."""
    replace(module("core.iam_evaluator"), "EvalContext", _by_tls)


def _by_tls(context: Original) -> Original:
    def by_tls(*arguments: Any, **named: Any) -> Any:
        return context(*arguments, **{"secure_transport": True, **named})

    return by_tls
