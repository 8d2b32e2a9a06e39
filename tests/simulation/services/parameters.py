"""The parameters of a request: those that a model has, and no others."""

from collections.abc import Mapping


def check_known(service: str, request: Mapping[str, object], known: frozenset[str]) -> None:
    """Raises `NotImplementedError` for a parameter that the model of a service does not have."""
    if unknown := sorted(request.keys() - known):
        raise NotImplementedError(
            f"The model of {service} does not know {', '.join(unknown)}. Add it, with its source, "
            "or don't use it."
        )
