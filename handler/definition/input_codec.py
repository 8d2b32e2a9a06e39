"""The input of a task as JSON, and back: it reads back as the value that was validated."""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final, cast

import pydantic_core
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import SchemaSerializer, SchemaValidator

from handler.definition.read_back import Change, first_change
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
            InvalidInput: it does not validate, is not JSON, would read back as another value, or is
                a model of another class; the error names each field.
        """
        if type(given) is self._annotation:
            return self._written(cast("BaseModel", given))
        if isinstance(given, BaseModel):
            self._refuse_another_model(given)
        mapping = self._fields_of(given) if isinstance(given, BaseModel) else given
        value = self._validated(self._adapter, mapping)
        return self._written(value)

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
        return self._written(value)

    def encode_changed(self, stored: Json, changed: Mapping[str, object]) -> bytes:
        """`changed`, which a hook has made of the input that is `stored`. Raises as `encode`."""
        if stored.keys() <= changed.keys():
            return self.encode_over(stored, _news(stored, changed))
        if (text := _json_of(changed)) is not None:  # some of it was taken out
            return self._written(self._read(text.encode()))
        return self.encode(changed)

    def fields(self) -> frozenset[str] | None:
        """The names of the model's fields; `None` where it has none: a `dict`, or one with more."""
        known = getattr(self._annotation, "model_fields", None)
        if known is None or self._annotation.model_config.get("extra") == "allow":
            return None
        return frozenset(known)

    def json_schema(self, *, default: Json) -> Json:
        """What an input may be, as JSON Schema. Arguments, and errors, as of `schema_of`."""
        from handler.definition.input_schema import schema_of  # noqa: PLC0415  the API alone asks

        return schema_of(self._adapter.core_schema, default=default)

    def why_default_refused(self) -> str | None:
        """Why a default of the model can't be stored: which, and what to do; or `None`."""
        for name, field in getattr(self._annotation, "model_fields", {}).items():
            if field.is_required() or field.default_factory:
                continue
            if not self._reads_back(name, field.default):
                return (
                    f"has the default {short_repr(field.default)} in its field {name}: JSON has no"
                    " form for it that reads back. Give the field another type, or no default"
                )
        return None

    def decode(self, stored: Mapping[str, object]) -> Input:
        """The value of an input that is stored: another one at each call.

        Raises:
            InvalidInput: older code stored it, and it does not validate any more.
        """
        return self._read(pydantic_core.to_json(stored))

    def _written(self, value: Input) -> bytes:
        """A value as it is stored: each field, a default as well, which another process may have
        another of.
        """
        try:
            text = self._writer.to_json(value, **_WRITTEN)
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

    def _reads_back(self, name: str, default: object) -> bool:
        """Whether one field's value does, without the others."""
        reader = self._part_reader
        if reader is None:
            return True  # a validator of its own reads it: nobody can tell before there is an input
        alone = self._annotation.__new__(self._annotation)
        state = {"__dict__": {name: default}, "__pydantic_fields_set__": {name}}
        alone.__setstate__({**state, "__pydantic_extra__": None, "__pydantic_private__": None})
        try:
            text = self._writer.to_json(alone, **_WRITTEN, exclude_unset=True)
        except (ValueError, TypeError, RecursionError):
            return False
        try:
            fields, _, _ = reader.validate_json(text, **_BY_BOTH)
        except ValidationError as error:
            return _is_authors(error)  # it may need the other fields: nobody can tell yet
        except Exception:  # so it is with what else a validator of the author's raises
            return True
        return first_change(default, fields.get(name)) is None

    def _refuse_another_model(self, given: BaseModel) -> None:
        """A model of another class: what the task's own has no field for would be gone."""
        own = self._annotation
        if not (isinstance(own, type) and issubclass(own, BaseModel)):
            return  # a `dict` takes the fields of any
        if not (isinstance(given, own) or _is_same_class(type(given), own)):
            problem = f"it takes a {own.__name__}, or a mapping"
        elif unknown := given.model_fields_set - own.model_fields.keys():
            problem = f"a {own.__name__} has no {', '.join(sorted(unknown))}"
        else:
            return
        raise InvalidInput(f"{self._subject} is a {type(given).__name__}; {problem}.")

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
    def _part_reader(self) -> Any:
        """Reads some of the fields of a model as they are stored."""
        schema = part_schema(self._schema)
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


def _is_authors(error: ValidationError) -> bool:
    """Whether a validator of the model's own has raised it."""
    kinds = {problem["type"] for problem in error.errors(include_url=False, include_input=False)}
    return bool(kinds & {"value_error", "assertion_error"})


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


# How a value is written. Of what a field's type does not have, pydantic would warn: it is found
# when the text is read back.
_WRITTEN: Final[dict[str, Any]] = {
    "by_alias": True,
    "round_trip": True,
    "warnings": False,
    "fallback": _native,
}


def _is_same_class(one: type[BaseModel], other: type[BaseModel]) -> bool:
    """Whether one is the other, imported again, or its generic form without parameters."""
    origin = other.__pydantic_generic_metadata__["origin"]
    names = {(each.__module__, each.__qualname__) for each in (other, origin) if each}
    return (one.__module__, one.__qualname__) in names


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
