"""camelCase ids."""

import pytest

from handler.definition.names import camel_case, in_words, is_camel_case


@pytest.mark.parametrize(
    "id",
    [
        "myCustomTask",
        "mytask",
        "a",
        "v2",
        "myTask1",
        "task1Number",
        "myApiV2Task",
        "myTask12ABc",
        "testingRun",
    ],
)
def test_a_camel_case_id_is_valid(id: str) -> None:
    assert is_camel_case(id)


@pytest.mark.parametrize(
    "id",
    [
        "",
        "MyTask",
        "my-task",
        "my task",
        "myTask_1",
        "myTask1abc",
        "myHTTPTask",
        "A",
        "élan",
        "my.task",
        " task",
        "task\n",
    ],
)
def test_anything_else_is_refused(id: str) -> None:
    assert not is_camel_case(id)


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("export_users", "exportUsers"),
        ("MyTask", "myTask"),
        ("my-task", "myTask"),
        ("myTask1abc", "myTask1Abc"),
        ("myHTTPTask", "myHttpTask"),
        ("_private_task", "privateTask"),
        ("", ""),
        ("_", ""),
    ],
)
def test_a_function_name_becomes_camel_case(text: str, id: str) -> None:
    assert camel_case(text) == id


@pytest.mark.parametrize(
    ("id", "words"), [("exportUsers", "Export users"), ("v2", "V 2"), ("a", "A")]
)
def test_an_id_is_told_in_words(id: str, words: str) -> None:
    assert in_words(id) == words
