"""Webiny's built-in task."""

import pytest

from definitions.testing_run import testing_run
from handler.testing import run


def test_its_id_and_title_are_those_of_webiny() -> None:
    assert testing_run.id == "testingRun"
    assert testing_run.title == "A mock task to test run the step function permissions."
    assert not testing_run.private


@pytest.mark.parametrize("input", [None, {}, {"whatever": [1, {"nested": None}]}])
def test_any_input_ends_it_at_once(input: dict[str, object] | None) -> None:
    result = run(testing_run, input)

    assert result.record.status == "success"
    assert result.iterations == 1
    assert result.messages == ["Task successfully finished."]
