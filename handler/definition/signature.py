"""Which functions a task may be made of, and what they take."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, TypeAdapter

from handler.definition.verdicts import Verdict
from handler.errors import DefinitionError

TaskFunction = Callable[..., Verdict]
Input = BaseModel | dict[str, object]

_NOT_PLAIN = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)


def input_type(function: TaskFunction, id: str) -> TypeAdapter[Input] | None:
    """What validates the input of `function`; `None` for a function of the context alone.

    Raises:
        DefinitionError: the function can't be a task; the message names its file.
    """
    where = f'{function.__code__.co_filename}: task "{id}"'
    if any(is_kind(function) for is_kind in _NOT_PLAIN):
        raise DefinitionError(
            f"{where} is async or a generator; write a plain function that returns a verdict."
        )
    parameters = list(inspect.signature(function).parameters.values())
    if not 1 <= len(parameters) <= 2:
        raise DefinitionError(
            f"{where} takes {len(parameters)} parameters; "
            "it takes (context) or (context, input: Model)."
        )
    return _adapter(_annotation(function, parameters[1]), where) if parameters[1:] else None


def _adapter(annotation: Any, where: str) -> TypeAdapter[Input]:
    if annotation is inspect.Parameter.empty:
        raise DefinitionError(
            f"{where} has an input without an annotation; "
            "annotate it with a model, such as input: Input."
        )
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    is_dict = annotation is dict or getattr(annotation, "__origin__", None) is dict
    if is_model or is_dict:
        return TypeAdapter(annotation)
    raise DefinitionError(
        f"{where} has an input of type {annotation!r}; "
        "annotate it with a model, or with dict[str, object]."
    )


def _annotation(function: TaskFunction, parameter: inspect.Parameter) -> Any:
    """The parameter's annotation, also after `from __future__ import annotations`."""
    if isinstance(parameter.annotation, str):
        names = vars(sys.modules[function.__module__])
        return eval(parameter.annotation, names)  # noqa: S307  the author's own source
    return parameter.annotation
