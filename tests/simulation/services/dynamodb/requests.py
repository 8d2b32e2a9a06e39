"""A request: its parameters, and the expressions in it, read and checked."""

from collections.abc import Mapping
from typing import Any, Final

from tests.simulation.services.dynamodb.conditions import Condition, condition
from tests.simulation.services.dynamodb.key_conditions import KeyCondition, key_condition
from tests.simulation.services.dynamodb.operands import Values
from tests.simulation.services.dynamodb.projections import Projection, projection
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.updates import Update, update
from tests.simulation.services.dynamodb.values import checked

Request = Mapping[str, Any]
"""The parameters of an operation, by boto3's names."""

# What changes nothing here: no one is charged.
_IGNORED: Final = frozenset({"ReturnConsumedCapacity", "ReturnItemCollectionMetrics"})
_NAMES: Final = "ExpressionAttributeNames"
_VALUES: Final = "ExpressionAttributeValues"


class Expressions:
    """The expressions of a request. Each read checks its placeholders; `finish` ends the reading.

    Attributes:
        values: the values by their placeholders.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._names: Mapping[str, str] = request.get(_NAMES) or {}
        self._key = frozenset(self._names.items())
        given = request.get(_VALUES) or {}
        self.values: Values = {name: checked(value) for name, value in given.items()}
        self._used_names: set[str] = set()
        self._used_values: set[str] = set()
        self._is_empty = True
        for parameter in (_NAMES, _VALUES):
            if parameter in request and not request[parameter]:
                raise invalid(f"{parameter} must not be empty")

    def condition(self, parameter: str = "ConditionExpression") -> Condition | None:
        if (text := self._request.get(parameter)) is None:
            return None
        read = condition(parameter, text, self._key)
        self._use(read)
        for check in read.checks:
            check(self.values)
        return read

    def update(self) -> Update | None:
        if (text := self._request.get("UpdateExpression")) is None:
            return None
        read = update(text, self._key)
        self._use(read)
        for check in read.checks:
            check(self.values)
        return read

    def key_condition(self) -> KeyCondition:
        if (text := self._request.get("KeyConditionExpression")) is None:
            raise invalid("Either the KeyConditions or KeyConditionExpression parameter is needed")
        read = key_condition(text, self._key)
        self._use(read)
        return read

    def projection(self) -> Projection | None:
        if (text := self._request.get("ProjectionExpression")) is None:
            return None
        read = projection(text, self._key)
        self._is_empty = False
        self._used_names |= read.names
        return read

    def finish(self) -> None:
        """Raises `ValidationException` for names and values that no expression uses."""
        given = self._request.get(_VALUES) or {}
        for parameter, all_given, used in (
            (_NAMES, self._names, self._used_names),
            (_VALUES, given, self._used_values),
        ):
            if all_given and self._is_empty:
                raise invalid(f"{parameter} can only be specified when using expressions")
            if unused := sorted(all_given.keys() - used):
                raise invalid(
                    f"Value provided in {parameter} unused in expressions: keys: {{{unused}}}"
                )

    def _use(self, read: Condition | Update | KeyCondition) -> None:
        self._is_empty = False
        self._used_names |= read.names
        self._used_values |= read.values
        if missing := sorted(read.values - self.values.keys()):
            raise invalid(
                f"An expression attribute value used in expression is not defined: {missing[0]}"
            )


def check_known(request: Request, known: frozenset[str]) -> None:
    """Raises `NotImplementedError` for a parameter that the model does not have."""
    if unknown := sorted(request.keys() - known - _IGNORED):
        raise NotImplementedError(
            f"The model of DynamoDB does not know {', '.join(unknown)}. Add it, with its source, "
            "or don't use it."
        )
