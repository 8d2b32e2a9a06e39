"""Which permission each operation needs; a refusal says which is missing, and touches nothing."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    is_required_argument,
    is_required_input_field,
)

from handler.contract import Permission, Status
from handler.definition import Registry
from handler.errors import Refused
from handler.graphql.permissions import NEEDS, UNDECLARED, Access, Grant, Reach, need_of
from handler.graphql.schema import make_schema
from tests.handler.graphql.callers import ROLES, Caller, principals, with_access
from tests.handler.graphql.client import Api, export_users, testing_run
from tests.handler.stack import Stack

LIKE: dict[str, str] = {}
SCHEMA = make_schema(Registry([testing_run, export_users]))


def operations() -> Iterator[tuple[str, str]]:
    """Each operation of the schema, with a document that has what it requires.

    One that is another form of one, as `enveloped(like=...)` says, has that one's permission.
    """
    for kind in ("Query", "Mutation"):
        fields = SCHEMA.type_map[f"WebinyBackgroundTask{kind}"]
        assert isinstance(fields, GraphQLObjectType)
        for name, field in fields.fields.items():
            LIKE[name] = getattr(field.resolve, "like", None) or name
            given = [
                f"{argument}: {value(each.type)}"
                for argument, each in field.args.items()
                if is_required_argument(each)
            ]
            said = f"({', '.join(given)})" if given else ""
            document = f"{name}{said} {{ error {{ message code data }} }}"
            yield name, f"{kind.lower()} {{ backgroundTasks {{ {document} }} }}"


def value(type: Any) -> str:
    """A value of a type, as a document has it."""
    match type:
        case GraphQLNonNull():
            return value(type.of_type)
        case GraphQLList():
            return f"[{value(type.of_type)}]"
        case GraphQLEnumType():
            return next(iter(type.values))
        case GraphQLInputObjectType():
            required = {
                name: field for name, field in type.fields.items() if is_required_input_field(field)
            }
            return (
                "{"
                + ", ".join(f"{name}: {value(each.type)}" for name, each in required.items())
                + "}"
            )
    return {"Int": "1", "Number": "1", "Boolean": "true", "JSON": "{}"}.get(type.name, '"t1"')


OPERATIONS = dict(operations())


def requests_of(stack: Stack) -> int:
    """How many requests were made to any service."""
    return sum(
        len(client.requests)
        for client in (stack.dynamodb, stack.events, stack.stepfunctions, stack.client("s3"))
    )


def has(said: str, operation: str) -> bool:
    """Whether the permissions are enough for the operation."""
    need = need_of(LIKE[operation])
    letters = set(said.replace("own", "").replace(" ", "")) or set("rwd" if said else "")
    return letters >= need.permissions and (need.takes_own or "own" not in said)


def test_every_operation_has_a_permission() -> None:
    """One that is not among them needs all, for tasks of others, too: say here what it needs."""
    assert {LIKE[name] for name in OPERATIONS} == set(NEEDS)
    assert need_of("somethingNew") is UNDECLARED
    assert UNDECLARED.permissions == set(Permission)
    assert not UNDECLARED.takes_own


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("role", [*ROLES, "Nobody"])
def test_who_lacks_a_permission_is_refused_in_the_envelope_and_touches_nothing(
    stack: Stack, api: Api, operation: str, role: str
) -> None:
    with_access(stack, principals=principals())
    caller = Caller(api, role)
    stack.create(id="t1", status=Status.SUCCESS, created_by=identity_of(caller))
    for client in (stack.dynamodb, stack.events):
        client.requests.clear()

    error = caller.envelope(OPERATIONS[operation])["error"] or {}

    said = ROLES.get(role, "")
    if has(said, operation):
        assert error.get("code") != "SECURITY_NOT_AUTHORIZED"
        return
    assert error["code"] == "SECURITY_NOT_AUTHORIZED"
    assert error["message"].startswith(f"Not authorized! {operation} ")
    assert "apiPermissions" in error["message"]
    assert set(error["data"]["permissions"]) <= set(need_of(LIKE[operation]).permissions)
    assert all(f'"{each}"' in error["message"] for each in error["data"]["permissions"]) or (
        '"own"' in error["message"]
    )
    assert requests_of(stack) == 0


def identity_of(caller: Caller) -> Any:
    from handler.record import Identity

    return Identity(id=caller.arn, display_name="ann", type="iam")


def test_an_operation_of_which_nothing_is_declared_needs_every_permission() -> None:
    need = need_of("eraseEverything")
    some = Access((Grant.of("rw"),))  # type: ignore[arg-type]
    all_of_own = Access((Grant.of("rwd own"),))  # type: ignore[arg-type]

    for access in (some, all_of_own, Access()):
        with pytest.raises(Refused, match="Not authorized! eraseEverything"):
            access.check("eraseEverything", need)
    assert Access((Grant(frozenset(Permission)),)).check("x", need) is Reach.EVERY_TENANT


def test_a_refused_operation_keeps_no_other_of_the_request_from_being_answered(
    stack: Stack, api: Api
) -> None:
    with_access(stack, principals=principals())
    stack.create(id="t1", status=Status.SUCCESS)
    document = """mutation { backgroundTasks {
        a: deleteTask(id: "t1") { data error { code } }
        b: triggerTask(definition: testingRun) { data { definitionId } error { code } }
    } }"""

    answer = Caller(api, "Writer").answer(document)["data"]["backgroundTasks"]

    assert answer["a"] == {"data": None, "error": {"code": "SECURITY_NOT_AUTHORIZED"}}
    assert answer["b"] == {"data": {"definitionId": "testingRun"}, "error": None}
    assert stack.get("t1")


def test_a_list_that_is_refused_has_neither_data_nor_meta(stack: Stack, api: Api) -> None:
    with_access(stack, principals=principals())
    document = """{ backgroundTasks { listTasks {
        data { id } meta { cursor hasMoreItems totalCount } error { code }
    } } }"""

    answer = Caller(api, "Deleter").envelope(document)

    assert answer == {
        "data": None,
        "meta": None,
        "error": {"code": "SECURITY_NOT_AUTHORIZED"},
    }


class TestWhatATextGrants:
    @pytest.mark.parametrize(
        ("said", "letters", "is_own"),
        [
            ("r", "r", False),
            ("rwd", "rwd", False),
            ("dr", "rd", False),
            ("r w", "rw", False),
            ("r,w", "rw", False),
            ("tasks:r tasks:w", "rw", False),
            ("tasks/rw", "rw", False),
            ("tasks.d", "d", False),
            ("own", "rwd", True),
            ("r own", "r", True),
            ("tasks:own tasks:rw", "rw", True),
            ("admin r users:w", "r", False),
        ],
    )
    def test_letters_and_words(self, said: str, letters: str, is_own: bool) -> None:
        grant = Grant.of(said)

        assert grant
        assert grant.permissions == {*map(Permission, letters)}
        assert grant.is_own is is_own

    @pytest.mark.parametrize(
        "said",
        [
            "",
            " ",
            "x",
            "R",
            "rr",
            "rwx",
            "users:r",
            "task:r",
            "tasks",
            "tasks:",
            "OWN",
            "rown",
            "*",
        ],
    )
    def test_anything_else_grants_nothing(self, said: str) -> None:
        assert Grant.of(said) is None

    def test_any_of_the_grants_is_enough_and_own_narrows_its_own_grant_alone(self) -> None:
        for grants in itertools.permutations(["r", "own", "d own"]):
            access = Access(tuple(grant for said in grants if (grant := Grant.of(said))))
            assert access.reach([Permission.READ]) is Reach.EVERY_TENANT
            assert access.reach([Permission.WRITE]) is Reach.OWN
            assert access.reach(Permission) is Reach.OWN
