"""The base of everything that is stored."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from handler.record.model import Moment, StoredModel

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Stored(StoredModel):
    saved_on: Moment
    size_left: int = 0


def test_a_moment_is_a_datetime_in_python_and_iso_text_in_json() -> None:
    stored = Stored(saved_on=NOON.astimezone(timezone(timedelta(hours=2))))

    in_python, in_json = stored.model_dump(), stored.model_dump(mode="json")

    assert in_python["saved_on"] == NOON
    assert in_json["saved_on"] == "2030-01-01T12:00:00.000Z"


def test_a_moment_is_read_back_from_its_iso_text() -> None:
    stored = Stored(saved_on=NOON)

    read = Stored.model_validate(stored.model_dump(mode="json", by_alias=True))

    assert read == stored
    assert read.saved_on.utcoffset() == timedelta(0)


def test_a_field_is_known_by_its_name_and_by_its_alias() -> None:
    by_name = Stored.model_validate({"saved_on": NOON, "size_left": 5})
    by_alias = Stored.model_validate({"savedOn": NOON, "sizeLeft": 5})

    assert by_name == by_alias


def test_a_field_that_newer_code_has_written_is_ignored() -> None:
    stored = Stored.model_validate({"savedOn": NOON, "newer": 1})

    assert stored == Stored(saved_on=NOON)


def test_a_stored_value_cannot_be_changed() -> None:
    stored = Stored(saved_on=NOON)

    with pytest.raises(ValidationError):
        stored.size_left = 1  # type: ignore[misc]
