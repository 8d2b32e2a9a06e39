"""What a definition's tasks take, as JSON Schema: it is made once, when somebody asks."""

import functools
import logging
from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLResolveInfo

from handler.definition import Definition, code_of
from handler.errors import EngineSignal
from handler.graphql.types import definition_type
from handler.record import Json, class_name, to_text, without_arns

log = logging.getLogger(__name__)
_MAX_KNOWN: Final = 1_000


@functools.lru_cache(maxsize=_MAX_KNOWN)
def input_schema_of(definition: Definition) -> Json | None:
    """The JSON Schema of a definition's input.

    Returns:
        `None` where its tasks take no input, or their type has no such schema: the log says why.
    """
    try:
        return code_of(definition).input_schema()
    except EngineSignal:
        raise
    except BaseException as error:  # of the author's own types
        report_unshown(definition, error)
        return None


def report_unshown(definition: Definition, error: BaseException) -> None:
    """Logs why an input can't be shown as a schema, or as types: the API takes it as JSON."""
    reason = without_arns(" ".join(to_text(error).split()).rstrip("."))
    log.error(
        'The input of "%s" has no schema: %s: %s. Next: mend its type; until then, the API takes'
        " its input as JSON.",
        *(definition.id, class_name(error), reason),
        extra={"action": "input_not_shown", "definition_id": definition.id},
    )


@definition_type.field("inputSchema")
def _input_schema(shown: Mapping[str, Any], _: GraphQLResolveInfo) -> Json | None:
    return input_schema_of(shown["definition"])
