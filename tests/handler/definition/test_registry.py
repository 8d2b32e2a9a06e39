"""The definitions of a process by their ids, and what is known of those that are missing."""

import pytest

from handler import Context, Definition, Done, task
from handler.definition.registry import Registry
from handler.definition.task_code import Hook
from handler.errors import DefinitionError, UnknownDefinition

BROKEN = DefinitionError("definitions/broken.py can't be imported: SyntaxError: invalid syntax.")


@pytest.fixture
def known() -> Definition:
    """A definition without logs, with a hook."""

    @task(database_logs=False)
    def known(context: Context) -> Done:
        return Done()

    known.on_error(print)
    return known


def test_a_definition_is_found_by_its_id(known: Definition) -> None:
    registry = Registry([known])

    assert registry.get("known") is known
    assert registry.find("known") is known
    assert list(registry) == [known]


def test_an_id_without_a_definition_is_refused_with_the_known_ids(known: Definition) -> None:
    registry = Registry([known])

    with pytest.raises(UnknownDefinition, match="Task definition was not found!") as refused:
        registry.get("unknown")

    assert refused.value.data == {"id": "unknown", "known": ["known"]}
    assert registry.find("unknown") is None


@pytest.mark.parametrize(
    ("id", "names", "hook"),
    [
        ("known", (Hook.ON_MAX_ITERATIONS, Hook.ON_ERROR), Hook.ON_ERROR),
        ("known", (Hook.ON_DONE,), None),
        ("unknown", (Hook.ON_ERROR,), None),
    ],
)
def test_the_first_hook_of_an_id_is_that_of_its_definition(
    known: Definition, id: str, names: tuple[Hook, ...], hook: Hook | None
) -> None:
    registry = Registry([known])

    found = registry.first_hook(id, *names)

    assert found == hook


@pytest.mark.parametrize(("id", "keeps_logs"), [("known", False), ("unknown", True)])
def test_tasks_keep_logs_unless_their_definition_says_no(
    known: Definition, id: str, keeps_logs: bool
) -> None:
    registry = Registry([known])

    kept = registry.keeps_logs(id)

    assert kept is keeps_logs


def test_two_definitions_with_one_id_are_refused_with_both_places(known: Definition) -> None:
    @task(id="known")
    def other(context: Context) -> Done:
        return Done()

    with pytest.raises(DefinitionError, match='Two tasks have the id "known"') as refused:
        Registry([known, other])

    assert refused.value.message.count(f"{__file__}:") == 2


class TestFilesThatCouldNotBeImported:
    def test_a_missing_definition_may_be_in_one_and_a_known_one_is_not(
        self, known: Definition
    ) -> None:
        registry = Registry([known], problems=[BROKEN])

        assert registry.may_lack("missing")
        assert not registry.may_lack("known")
        assert not Registry([known]).may_lack("missing")

    def test_an_unknown_id_is_refused_in_the_same_words_with_the_files_in_its_data(
        self, known: Definition
    ) -> None:
        registry = Registry([known], problems=[BROKEN])

        with pytest.raises(UnknownDefinition) as refused:
            registry.get("missing")

        assert refused.value.message == "Task definition was not found!"
        assert refused.value.data == {
            "id": "missing",
            "known": ["known"],
            "notImported": [BROKEN.message],
        }

    def test_what_the_worker_raises_says_which_files_and_what_to_do(self) -> None:
        registry = Registry([], problems=[BROKEN])

        error = registry.unavailable("missing")

        assert 'Task definition "missing" was not found' in error.message
        assert "Correct them and deploy again." in error.message
        assert BROKEN.message in error.message

    def test_the_hook_of_a_definition_that_may_be_in_one_is_not_given_up(
        self, known: Definition
    ) -> None:
        registry = Registry([known], problems=[BROKEN])

        assert registry.first_hook("missing", Hook.ON_DONE) is Hook.ON_DONE
        assert registry.first_hook("known", Hook.ON_DONE) is None
