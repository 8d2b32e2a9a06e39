"""What docs/cost.md says is what the code, its requests and the prices make."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from infra.documents import dashboard
from tests.docs.figures import cost
from tests.docs.figures.blocks import Paragraph, Table, differences, rewrite
from tests.docs.figures.facts import LOOKED_UP, PRICES, Price, allowed, dollars
from tests.docs.figures.workload import MILLION
from tests.docs.guide import DOCS, anchors_of, links_of
from tests.measure.footprint import TRANSITIONS_OF_A_WAIT

GUIDE = DOCS / "cost.md"
PROSE = " ".join(GUIDE.read_text().split())


@pytest.fixture(scope="module")
def together() -> dict[str, float]:
    """What a million iterations cost, by the way."""
    return {way: of.together for way, of in cost.costs(MILLION).items()}


def test_every_number_of_its_tables_is_the_codes_and_the_prices() -> None:
    found = differences(GUIDE, cost.blocks())

    assert not found, "\n".join(found)


def test_its_prose_has_the_numbers_of_its_tables() -> None:
    durable = allowed("durable_operations")
    visit = dashboard.TRANSITIONS_OF_A_VISIT
    ratio = dollars("transition", visit) / dollars("durable_operation")

    assert f"costs {visit} state transitions" in PROSE
    assert f"{ratio:.0f} times what a durable step costs" in PROSE
    assert f"ends after {durable:,} operations" in PROSE
    assert f"some {MILLION / durable:.0f} executions" in PROSE
    assert f"and here {visit + TRANSITIONS_OF_A_WAIT} transitions" in PROSE
    assert f"within {cost.EXPRESS_SECONDS // 60} minutes" in PROSE
    assert f"Looked up on {LOOKED_UP}" in PROSE


def test_it_calls_cheap_what_is_cheap(together: dict[str, float]) -> None:
    of = {way.removeprefix("ours: "): dollars for way, dollars in together.items()}
    loop, in_place = of["items of one `context.each`"], together[cost.IN_PLACE]
    express = next(each for way, each in of.items() if "Express" in way)

    assert loop == min(together.values())
    assert in_place < of["in place, a line each"] < together[cost.DURABLE]
    assert together[cost.VISITS] > 5 * together[cost.DURABLE]
    assert express < in_place < together[cost.CONTAINER]


def test_the_container_is_the_cheaper_one_where_there_is_always_work() -> None:
    month = cost.costs(10 * MILLION)

    assert month[cost.CONTAINER].together < month[cost.IN_PLACE].together


def test_a_price_that_changes_is_a_cell_that_must_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRICES, "write_unit", replace(PRICES["write_unit"], dollars=1.25))

    found = "\n".join(differences(GUIDE, cost.blocks()))

    assert (
        'cost.md, "ways": row "ours: in place, nothing logged", column "storing", says "$0.63" and'
        ' must say "$1.25". Next: `.venv/bin/python -m tests.docs.figures` writes it anew.'
    ) in found
    assert 'row "DynamoDB on demand, writes", column "dollars", says "0.625"' in found


def test_the_dashboard_counts_with_the_same_prices() -> None:
    assert {
        architecture: dollars(f"lambda_gb_second_{architecture}")
        for architecture in ("arm64", "x86_64")
    } == dashboard.PER_GB_SECOND
    assert dollars("lambda_request") == dashboard.PER_INVOCATION
    assert dollars("transition") == dashboard.PER_TRANSITION
    assert dollars("write_unit") == dashboard.PER_WRITE_UNIT
    assert dollars("read_unit") == dashboard.PER_READ_UNIT


@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
def test_every_price_has_its_source_and_says_how_it_was_checked(price: Price) -> None:
    assert price.url.startswith("https://aws.amazon.com/")
    assert price.source
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", price.as_of or LOOKED_UP)
    assert price.checked in ("AWS page", "another page that quotes it", "no")


def test_each_of_its_links_leads_somewhere() -> None:
    text = GUIDE.read_text()
    for link in links_of(text):
        file, _, anchor = link.partition("#")
        assert (DOCS / file).exists()
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else text)


class TestBlocks:
    """The checker of the tables itself, on a document of its own."""

    TABLE = Table("sizes", ("what", "size"), [("a", "1"), ("b", "2")])
    TEXT = Paragraph("sum", "Together they are 3.")

    def test_an_empty_place_is_filled_and_the_rest_stays(self, tmp_path: Path) -> None:
        document = tmp_path / "sizes.md"
        document.write_text(
            "# Sizes\n\n<!-- figures: sizes -->\n\nProse.\n\n<!-- figures: sum -->\n"
        )

        rewrite(document, [self.TABLE, self.TEXT])
        rewrite(document, [self.TABLE, self.TEXT])

        assert document.read_text() == (
            "# Sizes\n\n<!-- figures: sizes -->\n| what | size |\n|---|---|\n| a | 1 |\n| b | 2 |\n"
            "\nProse.\n\n<!-- figures: sum -->\nTogether they are 3.\n"
        )
        assert differences(document, [self.TABLE, self.TEXT]) == []

    @pytest.mark.parametrize(
        ("right", "wrong", "says"),
        [
            ("| b | 2 |", "| b | 3 |", 'row "b", column "size", says "3" and must say "2"'),
            ("| b | 2 |\n", "", 'it lacks the row "b": | b | 2 |'),
            ("| b | 2 |\n", "| b | 2 |\n| c | 3 |\n", 'its row 3, "c", must go'),
            ("| a | 1 |", "| a |", 'row "a" has 1 cells and must have 2: | a | 1 |'),
            ("| size |", "| bytes |", 'its header, column "size", says "bytes"'),
            ("are 3.", "are 4.", "it says\nTogether they are 4.\nand must say"),
            ("figures: sum", "figures: total", 'has no block "sum"'),
            ("figures: sum", "figures: total", 'nothing makes the block "total"'),
        ],
    )
    def test_what_is_wrong_is_said_with_what_must_be_there(
        self, tmp_path: Path, right: str, wrong: str, says: str
    ) -> None:
        document = tmp_path / "sizes.md"
        document.write_text("<!-- figures: sizes -->\n\n<!-- figures: sum -->\n")
        rewrite(document, [self.TABLE, self.TEXT])
        document.write_text(document.read_text().replace(right, wrong))

        assert says in "\n".join(differences(document, [self.TABLE, self.TEXT]))
