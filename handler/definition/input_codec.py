"""The input of a task as JSON, and back: it reads back as the value that was validated."""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final, cast

import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import SchemaSerializer, SchemaValidator

from handler.definition.read_back import Change, first_change, parts_of
from handler.definition.stored_schema import CONFIG, part_schema, stored_schema
from handler.errors import InvalidInput
from handler.record import NOT_UNICODE, Json, fields_of, invalid_input, native, short_repr

Input = BaseModel | dict[str, Any]
Given = Mapping[str, object] | BaseModel

# An author may give a field by its alias or by its own name.
_BY_BOTH: Final[dict[str, Any]] = {"by_alias": True, "by_name": True}


class InputCodec:
    """Writes and reads the inputs of one task.

    Args:
        annotation: the type of the input: a model, or a `dict`.
        subject: what the input is, for errors: `The input of task "export"`.
    """

    def __init__(self, annotation: Any, subject: str) -> None:
        self._annotation = annotation
        self._subject = subject

    def encode(self, given: Given) -> bytes:
        """`given`, validated, as JSON.

        Raises:
            InvalidInput: it does not validate, is not JSON, or would read back as another value;
                the error names each field.
        """
        if type(given) is self._annotation:
            return self._written(cast("BaseModel", given))
        mapping = self._fields_of(given) if isinstance(given, BaseModel) else given
        value = self._validated(self._adapter, mapping)
        return self._written(value, is_json=_json_of(mapping) is not None)

    def encode_over(self, stored: Json, given: Mapping[str, object]) -> bytes:
        """The input that is `stored` with the fields of `given` in place of its own, as JSON.

        Raises:
            InvalidInput: as `encode`.
        """
        before = self.decode(stored)
        if isinstance(before, dict):
            return self.encode({**before, **given})
        if self._part is None:
            return self.encode({**fields_of(before), **given})
        fields, extra, names = self._validated(self._part, given)
        changed = {name: fields[name] for name in names if name in fields}
        value = before.model_copy(update=changed | (extra or {}))
        return self._written(value, is_json=_json_of(given) is not None)

    def encode_changed(self, stored: Json, changed: Mapping[str, object]) -> bytes:
        """`changed`, which a hook has made of the input that is `stored`. Raises as `encode`."""
        if stored.keys() <= changed.keys():
            return self.encode_over(stored, _news(stored, changed))
        if (text := _json_of(changed)) is not None:  # some of it was taken out
            return self._written(self._read(text.encode()), is_json=True)
        return self.encode(changed)

    def decode(self, stored: Mapping[str, object]) -> Input:
        """The value of an input that is stored: another one at each call.

        Raises:
            InvalidInput: older code stored it, and it does not validate any more.
        """
        return self._read(pydantic_core.to_json(stored))

    def _written(self, value: Input, *, is_json: bool = False) -> bytes:
        """A value as it is stored.

        Args:
            is_json: no part of it is the author's own object. A default that is a constant is then
                left out: no code has changed it. One that was made for this input, as an id or a
                moment, is stored.
        """
        if is_json:
            _mark_what_was_made(value)
        try:
            text = self._writer.to_json(
                value,
                by_alias=True,
                round_trip=True,
                exclude_unset=is_json,
                warnings=False,  # of values that a field's type does not have: they are found below
                fallback=_native,
            )
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidInput(f"{self._subject} can't be stored: {_reason(error)}.") from error
        again = self._read(text)
        change = first_change(value, again)
        if change and not self._is_coerced(value, again):
            raise self._changed(change)
        return text

    def _read(self, text: bytes) -> Input:
        try:
            return cast("Input", self._reader.validate_json(text, **_BY_BOTH))
        except ValidationError as error:
            raise self._invalid(error) from error

    def _is_coerced(self, value: Input, again: Input) -> bool:
        """Whether each field that changes becomes what the model itself makes of its value.

        So it is with a text that an author assigns to a field for moments: nothing is lost.
        """
        if not isinstance(value, BaseModel) or not isinstance(again, BaseModel) or not self._part:
            return False
        after = fields_of(again)
        return all(
            self._is_made_of(name, part, after.get(name))
            for name, part in fields_of(value).items()
            if first_change(part, after.get(name))
        )

    def _is_made_of(self, name: str, before: object, after: object) -> bool:
        try:
            fields, _, _ = self._part.validate_python({name: before}, **_BY_BOTH)
        except ValidationError:
            return False
        own = fields.get(name)
        return type(own) is not type(before) and first_change(own, after) is None

    def _validated(self, validator: Any, given: Mapping[str, object]) -> Any:
        """`given` as the author's own type takes it: values of Python, or their JSON."""
        try:
            return validator.validate_python(given, **_BY_BOTH)
        except ValidationError as error:
            # A strict model takes a moment as text from JSON alone.
            if (text := _json_of(given)) is not None:
                with suppress(ValidationError):
                    return validator.validate_json(text, **_BY_BOTH)
            raise self._invalid(error) from error
        except RecursionError as error:
            raise InvalidInput(f"{self._subject} is nested too deeply.") from error

    def _invalid(self, error: ValidationError) -> InvalidInput:
        known = getattr(self._annotation, "model_fields", ())
        return invalid_input(self._subject, error, known=list(known))

    def _changed(self, change: Change) -> InvalidInput:
        place = ".".join(map(str, change.path)) or "it"
        what = f"is {short_repr(change.before)}, and would read back as {short_repr(change.after)}"
        problem = {
            "code": "changed_when_stored",
            "message": f"It {what}",
            "data": {"path": list(map(str, change.path))},
        }
        return InvalidInput(
            f"Validation failed. {self._subject} would not stay as it is: {place} {what}. Give the"
            " field a type that keeps the value, or hand over a text, a number, a list or a dict.",
            data={"invalidFields": {place: problem}},
        )

    def _fields_of(self, given: BaseModel) -> Mapping[str, object]:
        """The fields of another model than the task's own: as values, or as JSON for a `dict`."""
        if isinstance(self._annotation, type) and issubclass(self._annotation, BaseModel):
            return fields_of(given)
        text = InputCodec(type(given), self._subject).encode(given)
        return cast("Json", json.loads(text))

    @cached_property
    def _adapter(self) -> TypeAdapter[Input]:
        return TypeAdapter(self._annotation)

    @cached_property
    def _part(self) -> Any:
        """Validates some of the fields of a model: (values by name, extra values, names)."""
        schema = part_schema(self._adapter.core_schema)
        return SchemaValidator(*schema) if schema else None

    @cached_property
    def _schema(self) -> Any:
        return stored_schema(self._adapter.core_schema)

    @cached_property
    def _reader(self) -> SchemaValidator:
        return SchemaValidator(self._schema, CONFIG, _use_prebuilt=False)

    @cached_property
    def _writer(self) -> SchemaSerializer:
        return SchemaSerializer(self._schema, CONFIG, _use_prebuilt=False)


def _reason(error: Exception) -> str:
    text = str(error).removeprefix("Error serializing to JSON: ")
    return f"{NOT_UNICODE} ({text})" if "surrogates not allowed" in text else text


def _native(value: object) -> object:
    """A value that JSON does not know as one that it knows."""
    known = native(value)
    if known is value:
        raise TypeError(
            f"{short_repr(value)} is a {type(value).__name__}, which JSON has no form for"
        )
    return known


def _json_of(value: Mapping[str, object]) -> str | None:
    """`value` as JSON if it has JSON's own types alone."""
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return None


def _news(stored: Json, changed: Mapping[str, object]) -> Json:
    return {
        name: value
        for name, value in changed.items()
        if name not in stored or first_change(value, stored[name])
    }


def _mark_what_was_made(value: object) -> None:
    """Counts the fields whose default is made anew for each input among those that are set."""
    if isinstance(value, BaseModel):
        made = {name for name, field in type(value).model_fields.items() if field.default_factory}
        value.__pydantic_fields_set__.update(made)
    for part in (parts_of(value) or {}).values():
        _mark_what_was_made(part)
