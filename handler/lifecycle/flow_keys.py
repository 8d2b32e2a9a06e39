"""What a task is counted by: the values of its limits' keys, and the ids of its limits."""

from typing import Final

from handler.definition import (
    Concurrency,
    Definition,
    FlowKey,
    KeyValue,
    TriggerRequest,
    code_of,
    key_value,
    tenant_said,
    value_said,
)
from handler.errors import EngineSignal, InvalidInput
from handler.record import digest, short_repr

_ID_CHARACTERS: Final = 32


def value_of_key(definition: Definition, key: FlowKey | None, request: TriggerRequest) -> KeyValue:
    """The value of a limit's key for a task that is about to be triggered.

    Raises:
        InvalidInput: the author's function has raised, or returned what is no key.
    """
    code = code_of(definition)
    try:
        return key_value(key, tenant=request.tenant, decode=lambda: code.decode(request.input))
    except (EngineSignal, InvalidInput, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise InvalidInput(
            f'The key of a limit of task "{definition.id}" can\'t be told: {short_repr(error, 200)}'
            " Next: correct the input, or the key= of its Concurrency or Rate.",
            data={"definitionId": definition.id},
        ) from error


def limit_of(definition: Definition) -> Concurrency:
    """The limit of a definition's tasks. Raises `InvalidInput` where they have none."""
    if definition.concurrency is not None:
        return definition.concurrency
    raise InvalidInput(
        f'Definition "{definition.id}" has no limit. Next: give it one,'
        " @task(concurrency=Concurrency(...)), and deploy.",
        data={"definitionId": definition.id},
    )


def said_of_limit(definition: Definition, said: object) -> tuple[KeyValue, str | None]:
    """The value of the key of a definition's `Concurrency` that a person says.

    Returns:
        The value, as a task that has it was stored with it, and the tenant whose tasks alone have
        it; `None`: those of every tenant do.

    Raises:
        InvalidInput: its tasks have no limit, or it is no value of its key.
    """
    key = limit_of(definition).key
    try:
        return value_said(key, said), tenant_said(key, said)
    except TypeError as error:
        raise InvalidInput(
            f'{error} Next: say what its key has in a task of "{definition.id}".',
            data={"definitionId": definition.id},
        ) from error


def limit_id(definition_id: str, value: KeyValue, *, of: str = "") -> str:
    """The id of a limit: a digest, so that a key may be any text.

    Args:
        of: what tells limits of different kinds apart.
    """
    text = f"{of}\n{definition_id}\n{value.text}"
    return digest(text)[:_ID_CHARACTERS]
