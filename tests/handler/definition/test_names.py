"""camelCase ids: which are valid, and how a function's name becomes one."""

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
    is_valid = is_camel_case(id)

    assert is_valid


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
def test_an_id_that_is_not_camel_case_is_not_valid(id: str) -> None:
    is_valid = is_camel_case(id)

    assert not is_valid


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
def test_a_functions_name_becomes_camel_case(text: str, id: str) -> None:
    made = camel_case(text)

    assert made == id


@pytest.mark.parametrize(
    ("id", "words"), [("exportUsers", "Export users"), ("v2", "V 2"), ("a", "A")]
)
def test_an_id_becomes_words(id: str, words: str) -> None:
    made = in_words(id)

    assert made == words
