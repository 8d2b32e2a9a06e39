"""Numbers, as an attribute has them: text of up to 38 digits."""

import functools
from decimal import Context, Decimal, InvalidOperation
from typing import Final

from tests.simulation.services.dynamodb.refusals import invalid

# "Supported data types and naming rules", Number: 38 digits, from 1E-130 to below 1E+126.
_DIGITS: Final = 38
_LARGEST: Final = 125
_SMALLEST: Final = -130
_CONTEXT: Final = Context(prec=_DIGITS)


@functools.lru_cache(maxsize=65_536)
def number(text: str) -> Decimal:
    """The value of a number. Raises `ValidationException`."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}") from None
    if not value.is_finite():
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    if len(value.as_tuple().digits) > _DIGITS:
        value = _short(value)
    if value and value.adjusted() > _LARGEST:
        raise invalid("Number overflow. Attempting to store a number with magnitude too large.")
    if value and value.adjusted() < _SMALLEST:
        raise invalid("Number underflow. Attempting to store a number with magnitude too small.")
    return value


@functools.lru_cache(maxsize=65_536)
def canonical(text: str) -> str:
    """A number without zeros at its ends: two that are equal are one text."""
    return text_of(number(text))


def text_of(value: Decimal) -> str:
    """The number as an attribute has it."""
    if not value:
        return "0"
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def added(first: str, second: str, sign: int = 1) -> str:
    """The sum, or with a sign of -1 the difference."""
    if "." not in first and "." not in second and len(first) + len(second) < _DIGITS:
        return str(int(first) + sign * int(second))
    total = _CONTEXT.add(number(first), sign * number(second))
    return canonical(text_of(total))


def _short(value: Decimal) -> Decimal:
    shorter = Decimal((0, value.as_tuple().digits, 0)).normalize(Context(prec=200))
    if len(shorter.as_tuple().digits) > _DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    return value
