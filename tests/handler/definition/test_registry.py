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


class TestAliases:
    @pytest.fixture
    def renamed(self) -> Definition:
        """A definition that has had two other ids."""

        @task(aliases=("oldId", "olderId"), database_logs=False)
        def renamed(context: Context) -> Done:
            return Done()

        renamed.on_done(print)
        return renamed

    @pytest.mark.parametrize("id", ["renamed", "oldId", "olderId"])
    def test_a_definition_is_found_by_each_id_that_it_has_had(
        self, renamed: Definition, id: str
    ) -> None:
        registry = Registry([renamed], problems=[BROKEN])

        assert registry.get(id) is registry.find(id) is renamed
        assert registry.names_of(id) == ("renamed", "oldId", "olderId")
        assert registry.known_id(id) == "renamed"
        assert registry.first_hook(id, Hook.ON_DONE) is Hook.ON_DONE
        assert not registry.keeps_logs(id)
        assert not registry.may_lack(id)

    def test_a_definition_is_there_once_whatever_it_goes_by(
        self, renamed: Definition, known: Definition
    ) -> None:
        registry = Registry([renamed, known])

        assert list(registry) == [renamed, known]
        with pytest.raises(UnknownDefinition) as refused:
            registry.get("missing")
        assert (refused.value.data or {})["known"] == ["known", "renamed"]

    @pytest.mark.parametrize("id", [None, 5, ["renamed"], "missing", ""])
    def test_what_no_definition_goes_by_is_unknown(self, renamed: Definition, id: object) -> None:
        assert Registry([renamed]).known_id(id) == "unknown"

    @pytest.mark.parametrize(
        ("id", "aliases", "shared"),
        [
            ("oldId", (), "oldId"),
            ("another", ("renamed",), "renamed"),
            ("another", ("olderId",), "olderId"),
        ],
    )
    def test_two_definitions_that_claim_one_id_are_refused_with_both_places(
        self, renamed: Definition, id: str, aliases: tuple[str, ...], shared: str
    ) -> None:
        @task(id=id, aliases=aliases)
        def other(context: Context) -> Done:
            return Done()

        for definitions in ([renamed, other], [other, renamed]):
            with pytest.raises(DefinitionError) as refused:
                Registry(definitions)

            start = f'Two tasks claim the id, or alias, "{shared}": {__file__}:'
            assert refused.value.message.startswith(start)
            assert refused.value.message.count(f"{__file__}:") == 2
            assert refused.value.message.endswith(" Take it from one of them.")


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
