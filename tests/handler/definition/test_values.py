"""Inputs and outputs as they are stored."""

from datetime import date

import pytest
from pydantic import BaseModel, Field

from handler import Context, Done, task
from handler.contract import MAX_INPUT_BYTES, MAX_OUTPUT_BYTES
from handler.definition.values import next_input, stored_input, stored_output
from handler.errors import InvalidInput
from handler.record.jsonable import size_of


class Input(BaseModel):
    page_size: int = Field(default=10, alias="pageSize", ge=1)
    since: date | None = None
    text: str = ""


@task()
def export_users(context: Context, input: Input) -> Done:
    return Done()


class TestStoredInput:
    def test_a_mapping_is_stored_as_it_is(self) -> None:
        assert stored_input(export_users, {"pageSize": 5}) == {"pageSize": 5}

    def test_a_model_is_stored_by_its_aliases_and_as_json(self) -> None:
        stored = stored_input(export_users, Input(pageSize=5, since=date(2030, 1, 1)))

        assert stored == {"pageSize": 5, "since": "2030-01-01", "text": ""}
        assert export_users.validate(stored) == Input(pageSize=5, since=date(2030, 1, 1))

    def test_what_does_not_validate_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="pageSize"):
            stored_input(export_users, {"pageSize": 0})

    def test_what_is_no_json_is_refused(self) -> None:
        circular: dict[str, object] = {}
        circular["self"] = circular

        with pytest.raises(InvalidInput, match='input of task "exportUsers" is no JSON'):
            stored_input(export_users, circular)

    def test_10_mib_are_stored_and_a_byte_more_is_refused_with_both_sizes(self) -> None:
        rest = size_of({"text": ""})
        assert stored_input(export_users, {"text": "x" * (MAX_INPUT_BYTES - rest)})

        with pytest.raises(
            InvalidInput, match=r"10,485,761 bytes as JSON; the limit is 10,485,760"
        ) as refused:
            stored_input(export_users, {"text": "x" * (MAX_INPUT_BYTES - rest + 1)})
        assert refused.value.code == "INPUT_TOO_LARGE"


class TestNextInput:
    def test_nothing_keeps_the_input(self) -> None:
        assert next_input(export_users, {"pageSize": 5}, None) == {"pageSize": 5}

    def test_a_mapping_is_merged_over_it(self) -> None:
        assert next_input(export_users, {"pageSize": 5, "text": "a"}, {"text": "b"}) == {
            "pageSize": 5,
            "text": "b",
        }

    def test_a_model_replaces_it(self) -> None:
        replaced = next_input(export_users, {"pageSize": 5, "unknown": 1}, Input(text="b"))

        assert replaced == {"pageSize": 10, "since": None, "text": "b"}

    def test_the_result_is_validated(self) -> None:
        with pytest.raises(InvalidInput, match="pageSize"):
            next_input(export_users, {"text": "a"}, {"pageSize": -1})


class TestStoredOutput:
    def test_none_is_none_and_nothing_is_nothing(self) -> None:
        assert stored_output(None) is None
        assert stored_output({}) == {}

    def test_a_model_is_stored_as_json(self) -> None:
        assert stored_output(Input(since=date(2030, 1, 1))) == {
            "pageSize": 10,
            "since": "2030-01-01",
            "text": "",
        }

    def test_what_just_fits_is_stored_whole(self) -> None:
        output = {"text": "x" * (MAX_OUTPUT_BYTES - size_of({"text": ""}))}

        assert stored_output(output) == output

    def test_what_does_not_fit_is_replaced_by_a_note_of_its_size_in_webinys_words(self) -> None:
        assert stored_output({"text": "é" * MAX_OUTPUT_BYTES}) == {
            "message": "Output size exceeds the maximum allowed size.",
            "size": 2 * MAX_OUTPUT_BYTES + size_of({"text": ""}),
            "max": MAX_OUTPUT_BYTES,
        }

    def test_a_stack_is_left_out_first(self) -> None:
        huge = "x" * MAX_OUTPUT_BYTES

        assert stored_output({"rows": 3, "stack": huge}) == {"rows": 3}
        assert stored_output({"stack": "small"}) == {"stack": "small"}

    def test_the_stack_of_an_error_is_left_out_next(self) -> None:
        huge = "x" * MAX_OUTPUT_BYTES

        assert stored_output({"error": {"message": "m", "stack": huge}, "stack": "s"}) == {
            "error": {"message": "m"}
        }
        assert stored_output({"error": "text", "huge": huge}) != {"error": "text"}
