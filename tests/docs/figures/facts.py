"""What AWS asks and allows: docs/prices.json and docs/quotas.json, each entry with its source."""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from tests.docs.guide import DOCS

Checked = Literal["AWS page", "another page that quotes it", "no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every entry says of its number.

    Args:
        source: the title of AWS's page, which `url` leads to.
        as_of: the date of the text that was read, YYYY-MM-DD; `None` if it had none.
        checked: what was read: AWS's page itself, another page that quotes it, or nothing.
    """

    what: str
    unit: str
    source: str
    url: str
    as_of: str | None
    checked: Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Fact):
    """So many dollars for so many units."""

    dollars: float
    per: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota(Fact):
    """What an account may do in a region, by default.

    Args:
        raised: whether AWS raises it for an account that asks.
        elsewhere: what other regions have; empty: the same.
    """

    number: int
    raised: bool
    elsewhere: str = ""


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((DOCS / f"{name}.json").read_text())
    return content


_PRICES: Final = _read("prices")
REGION: Final[str] = _PRICES["region"]
LOOKED_UP: Final[str] = _PRICES["looked_up"]
PRICES: Final = {name: Price(**entry) for name, entry in _PRICES["prices"].items()}
QUOTAS: Final = {name: Quota(**entry) for name, entry in _read("quotas")["quotas"].items()}


def dollars(price: str, units: float = 1) -> float:
    """What so many units cost, by the name of the price in docs/prices.json."""
    return PRICES[price].dollars / PRICES[price].per * units


def allowed(quota: str) -> int:
    """The number of a quota, by its name in docs/quotas.json."""
    return QUOTAS[quota].number
