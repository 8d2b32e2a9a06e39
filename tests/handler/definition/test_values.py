"""Inputs and outputs as they are stored."""

from datetime import date

import pytest
from pydantic import BaseModel, Field

from handler import Context, Done
from handler.contract import MAX_INPUT_BYTES, MAX_OUTPUT_BYTES
from handler.definition.task_code import TaskCode
from handler.definition.values import next_input, stored_input, stored_output
from handler.errors import InvalidInput
from handler.record.jsonable import size_of


class Input(BaseModel):
    page_size: int = Field(default=10, alias="pageSize", ge=1)
    since: date | None = None
    text: str = ""


def export_users(context: Context, input: Input) -> Done:
    return Done()


def take_anything(context: Context, input: dict[str, object]) -> Done:
    return Done()


ANYTHING = TaskCode(take_anything, id="takeAnything")
CODE = TaskCode(export_users, id="exportUsers")
HUGE = "x" * MAX_OUTPUT_BYTES


class TestStoredInput:
    def test_a_mapping_is_stored_with_the_defaults_of_the_model(self) -> None:
        stored = stored_input(CODE, {"pageSize": 5})

        assert stored == {"pageSize": 5, "since": None, "text": ""}

    def test_a_model_is_stored_by_its_aliases_as_json(self) -> None:
        stored = stored_input(CODE, Input(pageSize=5, since=date(2030, 1, 1)))

        assert stored == {"pageSize": 5, "since": "2030-01-01", "text": ""}
        assert CODE.decode(stored) == Input(pageSize=5, since=date(2030, 1, 1))

    def test_an_input_that_does_not_validate_is_refused_with_its_field(self) -> None:
        with pytest.raises(InvalidInput, match="pageSize"):
            stored_input(CODE, {"pageSize": 0})

    def test_an_input_that_contains_itself_is_refused_as_not_json(self) -> None:
        circular: dict[str, object] = {}
        circular["self"] = circular

        with pytest.raises(InvalidInput, match='input of task "takeAnything" can\'t be stored'):
            stored_input(ANYTHING, circular)

    def test_an_input_of_10_mib_is_stored(self) -> None:
        input = {"text": "x" * (MAX_INPUT_BYTES - size_of(stored_input(CODE, {})))}

        stored = stored_input(CODE, input)

        assert stored == stored_input(CODE, {}) | input

    def test_an_input_of_a_byte_more_than_10_mib_is_refused_with_both_sizes(self) -> None:
        input = {"text": "x" * (MAX_INPUT_BYTES - size_of(stored_input(CODE, {})) + 1)}

        with pytest.raises(
            InvalidInput, match=r"10,485,761 bytes as JSON; the limit is 10,485,760"
        ) as refused:
            stored_input(CODE, input)

        assert refused.value.code == "INPUT_TOO_LARGE"


class TestNextInput:
    def test_none_keeps_the_input(self) -> None:
        input = next_input(CODE, {"pageSize": 5}, None)

        assert input == {"pageSize": 5}

    def test_a_mapping_is_merged_over_the_input(self) -> None:
        input = next_input(CODE, {"pageSize": 5, "text": "a"}, {"text": "b"})

        assert input == {"pageSize": 5, "since": None, "text": "b"}

    def test_a_model_replaces_the_input(self) -> None:
        input = next_input(CODE, {"pageSize": 5, "unknown": 1}, Input(text="b"))

        assert input == {"pageSize": 10, "since": None, "text": "b"}

    def test_a_merged_input_that_does_not_validate_is_refused_with_its_field(self) -> None:
        with pytest.raises(InvalidInput, match="pageSize"):
            next_input(CODE, {"text": "a"}, {"pageSize": -1})


class TestStoredOutput:
    def test_no_output_stays_none(self) -> None:
        stored = stored_output(None)

        assert stored is None

    def test_an_empty_output_stays_empty(self) -> None:
        stored = stored_output({})

        assert stored == {}

    def test_a_model_is_stored_by_its_aliases_as_json(self) -> None:
        stored = stored_output(Input(since=date(2030, 1, 1)))

        assert stored == {"pageSize": 10, "since": "2030-01-01", "text": ""}

    def test_an_output_that_contains_itself_is_refused(self) -> None:
        circular: dict[str, object] = {}
        circular["self"] = circular

        with pytest.raises(ValueError, match=r"The output can't be stored as JSON: Circular"):
            stored_output(circular)

    def test_an_output_that_cannot_be_json_says_that_it_is_the_output_and_why(self) -> None:
        class Unspeakable:
            def __str__(self) -> str:
                raise SystemExit(3)

        with pytest.raises(ValueError, match=r"The output can't be stored as JSON: .*sys\.exit"):
            stored_output({"value": Unspeakable()})

    def test_text_that_is_not_unicode_is_escaped_in_an_output_and_refused_in_an_input(self) -> None:
        odd = {"files": ["caf\udce9.txt"], "\udce9": {"size": 1}}

        stored = stored_output(odd)

        assert stored == {"files": ["caf\\udce9.txt"], "\\udce9": {"size": 1}}
        with pytest.raises(InvalidInput, match="Unicode"):
            stored_input(ANYTHING, odd)

    def test_an_output_of_10_mib_is_stored_whole(self) -> None:
        output = {"text": "x" * (MAX_OUTPUT_BYTES - size_of({"text": ""}))}

        stored = stored_output(output)

        assert stored == output

    def test_an_output_beyond_10_mib_is_replaced_by_a_note_of_its_size_in_webinys_words(
        self,
    ) -> None:
        stored = stored_output({"text": "é" * MAX_OUTPUT_BYTES})

        assert stored == {
            "message": "Output size exceeds the maximum allowed size.",
            "size": 2 * MAX_OUTPUT_BYTES + size_of({"text": ""}),
            "max": MAX_OUTPUT_BYTES,
        }

    @pytest.mark.parametrize(
        ("output", "stored"),
        [
            ({"stack": "small"}, {"stack": "small"}),
            ({"rows": 3, "stack": HUGE}, {"rows": 3}),
            (
                {"error": {"message": "m", "stack": HUGE}, "stack": "s"},
                {"error": {"message": "m"}},
            ),
        ],
        ids=["small", "stack", "stack of the error"],
    )
    def test_an_output_that_is_too_large_loses_its_stacks_first(
        self, output: dict[str, object], stored: dict[str, object]
    ) -> None:
        found = stored_output(output)

        assert found == stored

    def test_an_output_whose_error_is_text_and_that_is_too_large_becomes_a_note(self) -> None:
        stored = stored_output({"error": "text", "huge": HUGE})

        assert stored is not None
        assert set(stored) == {"message", "size", "max"}
