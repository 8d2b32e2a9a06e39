"""The argument `definition`: a name of the enum, or a text, whichever a document has.

And names of types that a document of Webiny's has, and no schema.

Webiny's older documents have variables of the enum, and its newer ones `String!`. GraphQL takes
one of the two. Here a text passes where the enum is asked for: whether there is such a definition,
the resolver sees.
"""

from collections.abc import Collection
from typing import Any, Final, cast

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    GraphQLType,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    StringValueNode,
    TypeInfo,
    TypeNode,
    ValueNode,
    VariablesInAllowedPositionRule,
    get_named_type,
    is_non_null_type,
    specified_rules,
    type_from_ast,
    validate,
)

_SHORT: Final = "BackgroundTask"
DEFINITION_ENUM: Final = "WebinyBackgroundTaskDefinitionEnum"


def take_texts(schema: GraphQLSchema) -> None:
    """Has a schema's enum of definitions take texts in a document, `"reindex"` for `reindex`."""
    names = cast("GraphQLEnumType", schema.type_map[DEFINITION_ENUM])

    def parse(value_node: ValueNode, _variables: dict[str, Any] | None = None) -> Any:
        if isinstance(value_node, StringValueNode):
            return value_node.value
        return GraphQLEnumType.parse_literal(names, value_node)

    names.parse_literal = parse  # type: ignore[method-assign]


def validated(
    schema: GraphQLSchema,
    document_ast: DocumentNode,
    rules: Collection[type[ASTValidationRule]] | None = None,
    max_errors: int | None = None,
    type_info: TypeInfo | None = None,
) -> list[GraphQLError]:
    """The errors of a document: those of GraphQL, but that texts may name a definition."""
    lenient = [
        _WithTexts if rule is VariablesInAllowedPositionRule else rule
        for rule in rules or specified_rules
    ]
    return validate(schema, document_ast, lenient, max_errors, type_info)


def name_types_in_full(document: DocumentNode) -> None:
    """Mends the types of variables whose names lack their beginning.

    Webiny's SDK calls an input `BackgroundTaskLogListWhereInput` that no schema has under that
    name.
    """
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            for variable in node.variable_definitions or ():
                name = _named(variable.type).name
                if name.value.startswith(_SHORT):
                    name.value = f"Webiny{name.value}"


def _named(type_: TypeNode) -> NamedTypeNode:
    while not isinstance(type_, NamedTypeNode):
        type_ = cast("ListTypeNode | NonNullTypeNode", type_).type
    return type_


class _WithTexts(VariablesInAllowedPositionRule):
    def leave_operation_definition(
        self, operation: OperationDefinitionNode, *arguments: Any
    ) -> None:
        # The list is kept by the context, for the rules that ask for it as well: they read names.
        usages = self.context.get_recursive_variable_usages(operation)
        for place, usage in enumerate(usages):
            if self._is_text(usage.node.name.value) and _is_enum(usage.type):
                usages[place] = usage._replace(type=_as_text(usage.type))
        super().leave_operation_definition(operation, *arguments)

    def _is_text(self, name: str) -> bool:
        declared = self.var_def_map.get(name)
        type_ = type_from_ast(self.context.schema, declared.type) if declared else None
        return type_ is not None and get_named_type(type_) is GraphQLString


def _is_enum(type_: GraphQLType | None) -> bool:
    return type_ is not None and get_named_type(type_).name == DEFINITION_ENUM


def _as_text(type_: GraphQLType | None) -> Any:
    return GraphQLNonNull(GraphQLString) if is_non_null_type(type_) else GraphQLString
