"""A client of moto whose every request is made of a model, too."""

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from tests.simulation.services.compared.differences import are_same
from tests.simulation.services.compared.outcomes import answer, outcome, refusal

_NOT_OPERATIONS: Final = frozenset({"exceptions", "meta", "get_paginator", "scan"})


class Mirrored:
    """Answers as moto does.

    Attributes:
        made: how many requests were made of both.
        differences: the operation and request of each that the model has answered otherwise, and
            both outcomes.
    """

    def __init__(self, moto: Any, model: Any) -> None:
        self.made = 0
        self.differences: list[tuple[str, dict[str, Any], object, object]] = []
        self._moto = moto
        self._model = model

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._moto, operation)
        if operation in _NOT_OPERATIONS:
            return method  # type: ignore[no-any-return]

        def call(**request: Any) -> Any:
            found = outcome(self._model, operation, request)
            try:
                response = method(**request)
            except ClientError as error:
                self._compare(operation, request, found, refusal(error))
                raise
            self._compare(operation, request, found, answer(response))
            return response

        return call

    def _compare(
        self, operation: str, request: dict[str, Any], model: object, moto: object
    ) -> None:
        self.made += 1
        if not are_same(operation, request, model, moto):
            self.differences.append((operation, request, model, moto))
