"""The executable schema: `schema.graphql`, the definitions as an enum, and the resolvers."""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any, Final

from ariadne import graphql_sync, make_executable_schema
from graphql import GraphQLError, GraphQLSchema

from handler.contract import ErrorCode
from handler.definition import Definition
from handler.errors import DefinitionError

# Importing them binds their resolvers.
from handler.graphql import flow, logs, many, pausing, task_settings, tasks, types, whoami
from handler.graphql.budget import AnswerTooLarge, Counted
from handler.graphql.definition_names import DEFINITION_ENUM, take_texts, validated
from handler.graphql.error_answers import told, told_by_graphql
from handler.graphql.operation import TRIGGERS
from handler.graphql.request import Request
from handler.graphql.triggers import TRIGGERS_TYPE, with_triggers
from handler.record import Json

# No id of a definition: those start with a small letter.
_NO_DEFINITION: Final = "Empty"
_SUGGESTION: Final = re.compile(r" Did you mean .*\?$", re.DOTALL)
_TYPES: Final = (
    types.query,
    types.tasks_query,
    types.mutation,
    types.tasks_mutation,
    types.task_type,
    types.log_type,
    types.definition_type,
    types.meta_type,
    types.date_type,
)
_RESOLVERS: Final = (flow, logs, many, pausing, task_settings, tasks, whoami)


# What a document says that asks for the mutations of the definitions, or for the schema itself.
_OF_THE_WHOLE: Final = re.compile(rf"\b(?:{TRIGGERS}|__schema|__type)\b")


class Schemas:
    """The schema of the API: each document is answered by as much of it as it asks for.

    A mutation for each definition makes the schema several times as large, and a process takes that
    long to make it. Most documents are Webiny's, and need none of them: they have the common part,
    by which they are answered in the same words.
    """

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self._definitions = definitions

    def of(self, document: str) -> GraphQLSchema:
        """The schema that a document needs. It is made once."""
        return self.whole if _OF_THE_WHOLE.search(document) else self.common

    @functools.cached_property
    def common(self) -> GraphQLSchema:
        return make_schema(self._definitions)

    @functools.cached_property
    def whole(self) -> GraphQLSchema:
        return with_triggers(self.common, self._definitions)


def make_schema(definitions: Iterable[Definition]) -> GraphQLSchema:
    """`schema.graphql`, with the ids of `definitions` as the enum of what can be triggered."""
    # A GraphQL enum is never empty; Webiny has the same placeholder.
    ids = " ".join(_enum_values(definitions)) or _NO_DEFINITION
    text = files("handler.graphql").joinpath("schema.graphql").read_text()
    schema = make_executable_schema([text, f"enum {DEFINITION_ENUM} {{ {ids} }}"], *_TYPES)
    take_texts(schema)
    return schema


def _enum_values(definitions: Iterable[Definition]) -> Iterator[str]:
    """What a definition can be triggered by: its id, and those that clients may know it by yet."""
    for definition in definitions:
        yield definition.id
        for alias in definition.aliases:
            yield f'{alias} @deprecated(reason: "It is {definition.id} now.")'


def execute(
    schemas: Schemas,
    query: Json,
    request: Request,
    *,
    problems: Sequence[DefinitionError] = (),
    introspection: bool = True,
) -> Json:
    """Answers a GraphQL request. An error of an unknown definition says which ones there are.

    Args:
        problems: files that could not be imported; that error names them.
        introspection: whether the schema is told: by introspection, and by what a wrong name is
            like.
    """

    def shown(error: GraphQLError, _: bool = False) -> dict[str, Any]:
        answer = told_by_graphql(error, request_id=request.id)
        if not introspection:
            answer["message"] = _SUGGESTION.sub("", str(answer["message"]))
        if _is_of_no_definition(error):
            ids = ", ".join(definition.id for definition in request.tasks.definitions())
            known = f"The definitions that can be triggered are: {ids or 'none'}."
            answer["message"] = " ".join([str(answer["message"]), known, *_missing(problems)])
        return answer

    try:
        _, answer = graphql_sync(
            schemas.of(str(query["query"])),
            query,
            context_value=request,
            error_formatter=shown,
            query_parser=lambda _, data: request.limits.parsed(data),
            query_validator=validated,
            introspection=introspection,
            execution_context_class=Counted,
        )
    except AnswerTooLarge as error:
        return errors_of(str(error), ErrorCode.REQUEST_TOO_LARGE)
    except Exception as error:  # GraphQL answers its own errors, but not, say, a RecursionError
        failure = told(error, request_id=request.id)
        return errors_of(failure.message, failure.code)
    return dict(answer)


def _is_of_no_definition(error: GraphQLError) -> bool:
    """Whether a document names a definition that there is none of."""
    is_field = error.message.startswith("Cannot query field") and TRIGGERS_TYPE in error.message
    return is_field or DEFINITION_ENUM in error.message


def _missing(problems: Sequence[DefinitionError]) -> list[str]:
    """Which files lack. Why they can't be imported is the log's: it is a bug's own text."""
    files = ", ".join(str((problem.data or {}).get("file")) for problem in problems)
    return [f"Not imported, as the log of the API explains: {files}."] if files else []


def errors_of(message: str, code: str | None) -> Json:
    """An answer that is an error alone."""
    return {"data": None, "errors": [{"message": message, "extensions": {"code": code}}]}
