"""Which functions a task may be made of, and what they take."""

import inspect
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from handler.definition.input_checks import why_refused
from handler.definition.input_codec import Input, InputCodec
from handler.definition.verdicts import Verdict
from handler.errors import DefinitionError, InvalidInput
from handler.record import Json

TaskFunction = Callable[..., Verdict] | Callable[..., Coroutine[Any, Any, Verdict]]

_MANY: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_NOTHING: Final = inspect.Parameter.empty


class Signature(NamedTuple):
    """How a task's function is called.

    Args:
        codec: of its input; `None` for a function of the context alone.
        default: the input of a task that is triggered without one, as it is stored.
        keywords: the parameters that are passed by their names.
    """

    codec: InputCodec | None
    default: Json
    keywords: tuple[str | None, ...]

    def call(
        self, function: Callable[..., Verdict], context: object, input: Input | None
    ) -> Verdict:
        """Calls the function. What it raises comes through."""
        values = [context, input][: len(self.keywords)]
        by_name = {name: value for name, value in zip(self.keywords, values, strict=True) if name}
        by_place = [v for name, v in zip(self.keywords, values, strict=True) if not name]
        return function(*by_place, **by_name)


def signature_of(function: TaskFunction, id: str) -> Signature:
    """How `function` is called.

    Raises:
        DefinitionError: the function can't be a task; the message names its file.
    """
    where = f'{function.__code__.co_filename}: task "{id}"'
    if is_generator(function):
        raise DefinitionError(
            f'{where} is a generator, for it has a "yield"; '
            "write a function, plain or async, that returns a verdict."
        )
    parameters = list(inspect.signature(function).parameters.values())
    if many := [str(parameter) for parameter in parameters if parameter.kind in _MANY]:
        raise DefinitionError(
            f"{where} takes {many[0]}; it takes (context) or (context, input: Model)."
        )
    if not 1 <= len(parameters) <= 2:
        raise DefinitionError(
            f"{where} takes {len(parameters)} parameters; "
            "it takes (context) or (context, input: Model)."
        )
    keywords = tuple(
        each.name if each.kind is inspect.Parameter.KEYWORD_ONLY else None for each in parameters
    )
    if len(parameters) == 1:
        return Signature(None, {}, keywords)
    codec = _codec(function, parameters[1], id, where)
    return Signature(codec, _default(codec, parameters[1].default, where), keywords)


def is_generator(function: object) -> bool:
    """Whether a call of it runs nothing yet, since it has a `yield`."""
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def _codec(function: TaskFunction, parameter: inspect.Parameter, id: str, where: str) -> InputCodec:
    annotation = _annotation(function, parameter)
    if annotation is _NOTHING:
        raise DefinitionError(
            f"{where} has an input without an annotation; "
            "annotate it with a model, such as input: Input."
        )
    if reason := why_refused(annotation):
        raise DefinitionError(f"{where} has an input that {reason}.")
    codec = InputCodec(annotation, f'The input of task "{id}"')
    if reason := codec.why_default_refused():
        raise DefinitionError(f"{where} has an input that {reason}.")
    return codec


def _default(codec: InputCodec, default: Any, where: str) -> Json:
    """The default of the input, as it is stored."""
    if default is _NOTHING:
        return {}
    if not isinstance(default, BaseModel | dict):
        raise DefinitionError(
            f"{where} has {default!r} as the default of its input; write an input, or leave it out."
        )
    try:
        return json.loads(codec.encode(default))  # type: ignore[no-any-return]
    except InvalidInput as error:
        raise DefinitionError(f"{where} has a default that is not valid. {error}") from error


def _annotation(function: TaskFunction, parameter: inspect.Parameter) -> Any:
    """The parameter's annotation, also after `from __future__ import annotations`."""
    if isinstance(parameter.annotation, str):
        names = vars(sys.modules[function.__module__])
        return eval(parameter.annotation, names)  # noqa: S307  the author's own source
    return parameter.annotation
