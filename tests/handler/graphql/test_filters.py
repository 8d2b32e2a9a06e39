"""Every filter and every sorter of the schema: answered in three requests, or refused with words.

The tests go through the schema itself: one that comes in without an answer fails here.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, build_schema, parse, validate

from handler.contract import Status
from handler.record import Identity, LogLine, StoredTask, TaskLog
from handler.table import items, keys
from handler.table.dynamo import Dynamo
from handler.table.index_query import IndexQuery, TaskIndex
from tests.handler.graphql import webiny_filters
from tests.handler.graphql.client import Api
from tests.handler.stack import TABLE, Stack

START = datetime(2030, 1, 1, tzinfo=UTC)
SCHEMA = build_schema(
    files("handler.graphql").joinpath("schema.graphql").read_text()
    + "\nenum WebinyBackgroundTaskDefinitionEnum { one }"
)
# More than a page looks at, and none of them matches what is asked for.
OTHERS = 450

LIST = """query ListTasks(
    $where: WebinyBackgroundTaskListWhereInput, $sort: [WebinyBackgroundTaskListSorter!],
    $limit: Int, $after: String, $search: String
) { backgroundTasks {
    listTasks(where: $where, sort: $sort, limit: $limit, after: $after, search: $search) {
        data { id createdOn startedOn finishedOn name }
        meta { cursor hasMoreItems } error { message code data }
    }
} }"""
COUNT = """query Count($where: WebinyBackgroundTaskListWhereInput) { backgroundTasks {
    listTasks(where: $where, limit: 1) {
        meta { totalCount isTotalCountCapped } error { message }
    }
} }"""
LOGS = """query ListLogs(
    $where: WebinyBackgroundTaskLogListWhereInput, $sort: [WebinyBackgroundTaskLogListSorter!],
    $limit: Int, $after: String
) { backgroundTasks {
    listLogs(where: $where, sort: $sort, limit: $limit, after: $after) {
        data { id iteration createdOn } meta { cursor totalCount } error { message code data }
    }
} }"""


def fields_of(name: str) -> list[str]:
    """The filters of an input of the schema."""
    input = SCHEMA.type_map[name]
    assert isinstance(input, GraphQLInputObjectType)
    return list(input.fields)


def values_of(name: str) -> list[str]:
    """The sorters of an enum of the schema."""
    enum = SCHEMA.type_map[name]
    assert isinstance(enum, GraphQLEnumType)
    return list(enum.values)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def iso(second: float) -> str:
    return at(second).isoformat()


def wanted_tasks() -> list[StoredTask]:
    """Nine tasks of all statuses, some of which have each value that is asked for."""
    tasks = []
    for number in range(9):
        status = list(Status)[number % 5]
        moment = 1_000 + 10 * number
        over = status in (Status.SUCCESS, Status.FAILED, Status.ABORTED)
        fields: dict[str, Any] = {
            "definition_id": ["one", "two"][number % 2],
            "name": ["Alpha", "Alphabet", "Beta"][number % 3],
            "parent_id": ["p1", "p2", None][number % 3],
            "tags": {"customer": "42", "n": str(number % 2)} if number % 3 else {},
            "status": status,
            "started_on": None if status is Status.PENDING else at(moment + 1 - 3 * (number % 2)),
            "finished_on": at(moment + 500 - 40 * number) if over else None,
            "error_code": ["NO", "NEVER"][number % 2] if status is Status.FAILED else None,
        }
        tasks.append(StoredTask.new(now=at(moment), id=f"w{number}", input={}, **fields))
    return tasks


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One stack for every test of this file: they only read."""
    with Stack.inside_moto() as stack:
        yield stack


@pytest.fixture(scope="module")
def tasks(stack: Stack) -> list[StoredTask]:
    """The tasks of the tenant, beside hundreds of others of its own, and another tenant's."""
    mine = wanted_tasks()
    others = [
        StoredTask.new(
            now=at(number),
            id=f"o{number:04}",
            definition_id="other",
            name="Other",
            input={},
            status=Status.SUCCESS,
            started_on=at(number + 0.5),
            finished_on=at(number + 0.7),
        )
        for number in range(OTHERS)
    ]
    foreign = [
        task.model_copy(update={"id": f"f{task.id}", "tenant": "acme"}) for task in wanted_tasks()
    ]
    dynamo = Dynamo(stack.dynamodb, table=TABLE, clock=stack.clock, remaining=lambda: 900)  # type: ignore[arg-type]
    everyone = [*mine, *others, *foreign]
    dynamo.put_many([items.task_item(task) for task in everyone])
    dynamo.put_many([row for task in everyone for row in keys.tag_keys(task)])
    dynamo.put_many([keys.child_row(task) for task in everyone if task.parent_id])
    return [*mine, *others]


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    return Api(stack)


# What is asked of each filter of a field, by its type; each keeps some of the tasks.
SAMPLES: dict[str, Any] = {
    "id": "w3",
    "name": "Alpha",
    "definitionId": "one",
    "parentId": "p1",
    "executionName": "e",
    "taskStatus": "failed",
    "createdBy": "system",
    "iterations": 1,
    "createdOn": iso(1_030),
    "startedOn": iso(1_028),
    "finishedOn": iso(1_410),
    "savedOn": iso(1_030),
    "errorCode": "NO",
    "tags": {"customer": "42"},
}
SECONDS = {"id": "w4", "taskStatus": "aborted", "parentId": "p2", "definitionId": "two"}
LATEST = {"createdOn": iso(1_060), "startedOn": iso(1_061), "finishedOn": iso(1_600)}
# Those that nothing answers.
REFUSED = {
    name
    for name in fields_of("WebinyBackgroundTaskListWhereInput")
    if name.startswith(("savedOn", "createdBy", "executionName", "iterations"))
    or name
    in {
        *("name_not", "name_not_in", "name_contains", "name_not_contains", "name_not_startsWith"),
        *("definitionId_contains", "definitionId_not_contains"),
        *("definitionId_startsWith", "definitionId_not_startsWith"),
        *("parentId_contains", "parentId_not_contains"),
        *("parentId_startsWith", "parentId_not_startsWith"),
    }
}


def sample(name: str) -> Any:
    """A value for a filter."""
    field, _, compares = name.partition("_")
    value = SAMPLES[field]
    if compares in ("between", "not_between"):
        return [value, LATEST.get(field, value)]
    if compares.endswith(("contains", "startsWith")):
        return value[:3]
    if compares in ("in", "not_in"):
        return [value, SECONDS[field]] if field in SECONDS else [value]
    return value


def has(task: StoredTask, name: str, wanted: Any) -> bool:
    """Whether a task has what a filter says, in plain Python."""
    field, _, compares = name.partition("_")
    own = {
        "id": task.id,
        "name": task.name,
        "definitionId": task.definition_id,
        "parentId": task.parent_id,
        "taskStatus": task.status.value,
        "errorCode": task.error_code,
        "createdOn": task.created_on,
        "startedOn": task.started_on,
        "finishedOn": task.finished_on,
        "tags": task.tags,
    }[field]
    if field.endswith("On"):
        some = wanted if isinstance(wanted, list) else [wanted]
        wanted = [datetime.fromisoformat(text) for text in some]
        wanted = wanted if compares.endswith(("in", "between")) else wanted[0]
    if compares.startswith("not"):
        rest = compares.removeprefix("not").removeprefix("_")
        return not has_it(own, rest, wanted)
    return has_it(own, compares, wanted)


def has_it(own: Any, compares: str, wanted: Any) -> bool:
    if own is None:
        return False
    if compares == "":
        return bool(wanted.items() <= own.items() if isinstance(own, dict) else own == wanted)
    tests: dict[str, Callable[[], Any]] = {
        "in": lambda: own in wanted,
        "contains": lambda: wanted in own,
        "startsWith": lambda: own.startswith(wanted),
        "lt": lambda: own < wanted,
        "lte": lambda: own <= wanted,
        "gt": lambda: own > wanted,
        "gte": lambda: own >= wanted,
        "between": lambda: wanted[0] <= own <= wanted[1],
    }
    return bool(tests[compares]())


def walk(api: Api, stack: Stack, document: str, **variables: Any) -> list[Any]:
    """What all pages of 50 have. None costs more than three requests."""
    found: list[Any] = []
    after = None
    for _ in range(60):
        stack.dynamodb.requests.clear()
        envelope = api.envelope(document, **variables, limit=50, after=after)
        assert envelope["error"] is None, envelope["error"]
        assert len(stack.dynamodb.calls) <= 3, stack.dynamodb.calls
        found += envelope["data"]
        if (after := envelope["meta"]["cursor"]) is None:
            return found
    raise AssertionError("The pages do not end.")


@pytest.mark.parametrize("name", fields_of("WebinyBackgroundTaskListWhereInput"))
def test_a_filter_is_answered_in_three_requests_or_refused_with_words(
    stack: Stack, api: Api, tasks: list[StoredTask], name: str
) -> None:
    where = {name: sample(name)}
    if name in REFUSED:
        stack.dynamodb.requests.clear()

        error = api.envelope(LIST, where=where)["error"]

        assert error["message"].startswith(f"The filter {name} is ")
        assert "Next: " in error["message"]
        assert (error["code"], error["data"]) == (
            "VALIDATION_FAILED_INVALID_FIELDS",
            {"filter": name},
        )
        assert stack.dynamodb.calls == []
        return

    found = walk(api, stack, LIST, where=where)

    expected = {task.id for task in tasks if has(task, name, sample(name))}
    assert sorted(one["id"] for one in found) == sorted(expected)
    assert 0 < len(expected) < len(tasks)


@pytest.mark.parametrize(
    "name", sorted(set(fields_of("WebinyBackgroundTaskListWhereInput")) - REFUSED)
)
def test_a_count_follows_the_filter(
    stack: Stack, api: Api, tasks: list[StoredTask], name: str
) -> None:
    envelope = api.envelope(COUNT, where={name: sample(name)})

    expected = [task for task in tasks if has(task, name, sample(name))]
    assert envelope["meta"] == {"totalCount": len(expected), "isTotalCountCapped": False}


ANSWERED_SORTERS = ("createdOn", "startedOn", "finishedOn", "name")


@pytest.mark.parametrize("sort", values_of("WebinyBackgroundTaskListSorter"))
def test_a_sorter_is_answered_in_three_requests_or_refused_with_words(
    stack: Stack, api: Api, tasks: list[StoredTask], sort: str
) -> None:
    field, _, direction = sort.removeprefix("values_").rpartition("_")
    if field not in ANSWERED_SORTERS:
        stack.dynamodb.requests.clear()

        error = api.envelope(LIST, sort=[sort])["error"]

        assert error["message"].startswith(f"The list is to be sorted by {field}; ")
        assert "Next: " in error["message"]
        assert (error["code"], error["data"]) == (
            "VALIDATION_FAILED_INVALID_FIELDS",
            {"sort": field},
        )
        assert stack.dynamodb.calls == []
        return

    found = walk(api, stack, LIST, sort=[sort])

    placed = [
        (getattr(task, {"name": "name"}.get(field, field.replace("On", "_on"))), task.created_on)
        for task in tasks
    ]
    placed = sorted(((place, on) for place, on in placed if place), reverse=direction == "DESC")
    assert [one["createdOn"] for one in found] == [
        on.isoformat(timespec="milliseconds").replace("+00:00", "Z") for _, on in placed
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sort": ["finishedOn_DESC"], "where": {"parentId": "p1"}}, "tasks of a parent are"),
        ({"sort": ["startedOn_ASC"], "where": {"tags": {"a": "b"}}}, "tasks of tags are"),
        ({"sort": ["values_name_ASC"], "where": {"errorCode": "NO"}}, "of an error's code are"),
        ({"where": {"parentId_in": ["a", "b", "c"]}}, "parentId_in has 3 values; it takes 2"),
        ({"where": {"errorCode_in": ["a", "b", "c"]}}, "errorCode_in has 3 values; it takes 2"),
        ({"where": {"name_in": ["a", "b"]}}, "name_in has 2 values; it takes 1"),
        ({"where": {"startedOn_in": [iso(1), iso(2)]}}, "startedOn_in has 2 moments; it takes one"),
        ({"where": {"createdOn_between": [iso(1)]}}, "createdOn_between has 1 values; it takes"),
        ({"where": {"tags": {"customer": 42}}}, "A tag is 'customer': 42; a task takes up to 10"),
        ({"where": {"tags": ["a"]}}, "tags is ['a']; a task takes up to 10 tags"),
    ],
)
def test_what_nothing_answers_together_is_refused_before_a_request(
    stack: Stack, api: Api, arguments: dict[str, Any], message: str
) -> None:
    stack.dynamodb.requests.clear()

    error = api.envelope(LIST, **arguments)["error"]

    assert message in error["message"]
    assert "Next: " in error["message"]
    assert stack.dynamodb.calls == []


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"search": "Alpha"}, {"Alpha", "Alphabet"}),
        ({"search": "Alphab", "where": {"name_startsWith": "Al"}}, {"Alphabet"}),
        ({"search": "Alpha", "where": {"name_startsWith": "Beta"}}, set()),
        ({"search": "", "where": {"name": "Beta"}}, {"Beta"}),
        ({"search": "Alpha", "where": {"name": "Beta"}}, set()),
        ({"where": {"name": "Beta", "name_in": ["Alpha"]}}, set()),
        ({"search": "alpha"}, set()),
    ],
)
def test_a_search_is_for_how_a_name_begins(
    stack: Stack, api: Api, tasks: list[StoredTask], arguments: dict[str, Any], names: set[str]
) -> None:
    found = walk(api, stack, LIST, **arguments)

    assert {one["name"] for one in found} == names
    assert [one["name"] for one in found] == sorted(one["name"] for one in found)


@pytest.mark.parametrize("has_many", [False, True], ids=["few", "many"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"taskStatus_in": "success"},  # one value, as the admin app's select sends it
        {"definitionId": "one", "createdOn_gte": iso(1_010), "createdOn_lte": iso(1_060)},
    ],
    ids=["alone", "status", "definition and dates"],
)
@pytest.mark.parametrize("sort", ["createdOn_DESC", "createdOn_ASC", "values_finishedOn_DESC"])
def test_the_admin_apps_search_has_its_tasks_in_the_order_of_its_column(
    stack: Stack,
    api: Api,
    tasks: list[StoredTask],
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, Any],
    sort: str,
    has_many: bool,
) -> None:
    all_rows = TaskIndex.all_rows
    if has_many:

        def too_many(index: TaskIndex, query: IndexQuery) -> None:
            all_rows(index, query)  # it costs a request

        monkeypatch.setattr("handler.table.index_query.TaskIndex.all_rows", too_many)

    found = walk(api, stack, LIST, where=more, search="Alpha", sort=[sort])

    field, _, direction = sort.removeprefix("values_").rpartition("_")
    dates = [one[field] for one in found]
    assert dates == sorted(dates, reverse=direction == "DESC")
    wanted = {**more, "name_startsWith": "Alpha"}
    if "taskStatus_in" in more:
        wanted["taskStatus_in"] = ["success"]
    assert {one["id"] for one in found} == {
        task.id
        for task in tasks
        if all(has(task, name, value) for name, value in wanted.items())
        and (field == "createdOn" or task.finished_on)
    }


def test_several_tags_must_all_hold(stack: Stack, api: Api, tasks: list[StoredTask]) -> None:
    found = walk(api, stack, LIST, where={"tags": {"customer": "42", "n": "1"}})

    both = {"customer": "42", "n": "1"}
    assert {one["id"] for one in found} == {task.id for task in tasks if task.tags == both} != set()


@pytest.mark.parametrize(
    "where",
    [
        {"taskStatus_in": [None, "failed"]},
        {"taskStatus_in": "failed", "id_not": None},
        {"taskStatus": "failed", "taskStatus_in": ["failed", "success"]},
        {"taskStatus_not_in": ["success", "aborted", "pending", "running"]},
        {"taskStatus_contains": "ail"},
    ],
    ids=str,
)
def test_each_way_to_say_failed_finds_the_same(
    stack: Stack, api: Api, tasks: list[StoredTask], where: dict[str, Any]
) -> None:
    found = walk(api, stack, LIST, where=where)

    assert {one["id"] for one in found} == {
        task.id for task in tasks if task.status is Status.FAILED
    }


@pytest.mark.parametrize(("limit", "size"), [(0, 50), (-5, 50), (None, 50), (5_000, 459), (7, 7)])
def test_a_limit_above_the_most_is_the_most_and_one_of_none_is_the_default(
    api: Api, tasks: list[StoredTask], limit: int | None, size: int
) -> None:
    assert len(api.data(LIST, limit=limit)) == size


# Webiny's documents


@pytest.mark.parametrize(
    ("input", "filters"),
    [
        ("WebinyBackgroundTaskListWhereInput", webiny_filters.TASKS),
        ("WebinyBackgroundTaskLogListWhereInput", webiny_filters.LOGS),
        ("WebinyTaskLog_ItemsWhereInput", webiny_filters.ITEMS),
    ],
)
def test_each_filter_of_webinys_has_its_name_and_its_type(
    input: str, filters: dict[str, str]
) -> None:
    ours: Any = SCHEMA.type_map[input]

    assert {name: str(ours.fields[name].type) for name in filters} == filters


@pytest.mark.parametrize(
    ("enum", "sorters"),
    [
        ("WebinyBackgroundTaskListSorter", webiny_filters.TASK_SORTERS),
        ("WebinyBackgroundTaskLogListSorter", webiny_filters.LOG_SORTERS),
    ],
)
def test_there_is_each_sorter_of_webinys(enum: str, sorters: frozenset[str]) -> None:
    assert set(values_of(enum)) >= sorters


@pytest.mark.parametrize(
    ("operation", "filters"),
    [("listTasks", webiny_filters.TASKS), ("listLogs", webiny_filters.LOGS)],
)
def test_a_document_with_a_variable_of_webinys_type_in_its_filter_validates(
    operation: str, filters: dict[str, str]
) -> None:
    for name, kind in filters.items():
        document = f"""query Any($value: {kind}) {{ backgroundTasks {{
            {operation}(where: {{ {name}: $value }}) {{ data {{ id }} error {{ message }} }}
        }} }}"""

        assert validate(SCHEMA, parse(document)) == [], name


# Logs


@pytest.fixture(scope="module")
def logged(stack: Stack) -> str:
    """The id of a task with 30 iterations that have logged, a second apart."""
    record = stack.create(
        id="logged", created_by=Identity(id="ann", display_name="A", type="admin")
    )
    for iteration in range(1, 31):
        name = f"execution-{iteration % 3}"
        record = record.model_copy(update={"iterations": iteration, "execution_name": name})
        stack.store.logs.append(TaskLog.of(record, [LogLine.at(at(iteration), "A line.")]))
    return record.id


LOG_SAMPLES: dict[str, Any] = {
    "id": "logged-7",
    "createdBy": "ann",
    "createdOn": iso(7),
    "executionName": "execution-1",
    "iteration": 7,
    "task": "logged",
    "items": {"message": "A line."},
}
LOG_LATEST = {"createdOn": iso(9), "iteration": 9}


def log_sample(name: str) -> Any:
    field, _, compares = name.partition("_")
    value = LOG_SAMPLES[field]
    if compares in ("between", "not_between"):
        return [value, LOG_LATEST[field]]
    return [value] if compares in ("in", "not_in") else value


def has_log(iteration: int, name: str, wanted: Any) -> bool:
    field, _, compares = name.partition("_")
    own = {
        "id": f"logged-{iteration}",
        "createdBy": "ann",
        "createdOn": at(iteration),
        "executionName": f"execution-{iteration % 3}",
        "iteration": iteration,
        "task": "logged",
    }[field]
    if field == "createdOn":
        some = [
            datetime.fromisoformat(t) for t in (wanted if compares[-7:] == "between" else [wanted])
        ]
        wanted = some if compares.endswith("between") else some[0]
    if compares.startswith("not"):
        return not has_it(own, compares.removeprefix("not").removeprefix("_"), wanted)
    return has_it(own, compares, wanted)


@pytest.mark.parametrize("name", fields_of("WebinyBackgroundTaskLogListWhereInput"))
def test_a_filter_of_logs_is_answered_and_counted_or_refused_with_words(
    stack: Stack, api: Api, logged: str, name: str
) -> None:
    where = {"task": logged, name: log_sample(name)}
    stack.dynamodb.requests.clear()
    if name == "items" or name in {n for n in webiny_filters.LOGS if n[:5] == "task_"} - {
        "task_in"
    }:
        error = api.envelope(LOGS, where=where)["error"]

        assert error["message"].startswith(f"The filter {name} is ")
        assert "Next: " in error["message"]
        assert (error["data"], stack.dynamodb.calls) == ({"filter": name}, [])
        return

    envelope = api.envelope(LOGS, where=where, limit=1)
    expected = [n for n in range(30, 0, -1) if has_log(n, name, log_sample(name))]
    oldest_first = api.envelope(LOGS, where=where, sort=["iteration_ASC"])

    assert envelope["meta"]["totalCount"] == len(expected)
    assert [log["iteration"] for log in oldest_first["data"]] == expected[::-1]
    newest = [log["iteration"] for log in walk(api, stack, LOGS, where=where)]
    assert newest == expected


@pytest.mark.parametrize("sort", values_of("WebinyBackgroundTaskLogListSorter"))
def test_a_sorter_of_logs_is_answered_or_refused_with_words(
    stack: Stack, api: Api, logged: str, sort: str
) -> None:
    field, _, direction = sort.removeprefix("values_").rpartition("_")

    envelope = api.envelope(LOGS, where={"task": logged}, sort=[sort])

    if field in ("createdOn", "iteration"):
        found = [log["iteration"] for log in envelope["data"]]
        assert found == sorted(found, reverse=direction == "DESC")
        assert len(found) == 30
    else:
        assert envelope["error"]["message"].startswith(f"The list is to be sorted by {field}; ")
        assert envelope["error"]["data"] == {"sort": field}


def test_a_page_of_logs_goes_past_so_much_that_does_not_match_and_then_gives_a_cursor(
    stack: Stack, api: Api
) -> None:
    record = stack.create(id="long")
    for iteration in range(1, 9):  # two rows of 350 KB fit into a query's 1 MB
        record = record.model_copy(update={"iterations": iteration})
        line = LogLine(message="A.", created_on=at(iteration), data={"text": "x" * 350_000})
        stack.store.logs.append(TaskLog.of(record, [line]))
    where = {"task": "long", "executionName": "none"}

    found, pages, after = [], 0, None
    while pages == 0 or after:
        stack.dynamodb.requests.clear()
        envelope = api.envelope(LOGS.replace("totalCount", ""), where=where, limit=50, after=after)
        assert len(stack.dynamodb.calls) <= 3
        found += envelope["data"]
        after, pages = envelope["meta"]["cursor"], pages + 1

    assert (found, pages) == ([], 4)
