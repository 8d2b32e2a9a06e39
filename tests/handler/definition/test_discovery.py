"""Finding the definitions: whatever `@task` makes at an import is registered or refused."""

import importlib
import itertools
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handler import Context, Definition, Done, task
from handler.definition.discovery import discover, discover_importable
from handler.definition.origin import names_in
from handler.definition.registry import Registry
from handler.errors import DefinitionError

HEAD = """
import functools
from handler import Context, Definition, Done, task
"""
TASK = (
    HEAD
    + """
@task()
def {name}(context: Context) -> Done:
    return Done()
"""
)
MAKE = (
    HEAD
    + """
def make(id):
    @task(id=id)
    def made(context: Context) -> Done:
        return Done()
    return made
"""
)
TIMED = """
def timed(function):
    @functools.wraps(function)
    def timed(*arguments):
        return function(*arguments)
    return timed

def closed(function):
    return lambda *arguments: function(*arguments)

def same(function):
    return function
"""
_number = itertools.count()

Package = Callable[[dict[str, str]], str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Makes a package of some files and returns its name. `../x.py` is a module beside it."""
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)

    def make(files: dict[str, str]) -> str:
        name = f"definitions_{next(_number)}"
        for file, text in ({"__init__.py": ""} | files).items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.resolve().write_text(text)
        return name

    yield make
    for module in set(sys.modules) - known:
        file = names_in(sys.modules[module]).get("__file__")
        if module.startswith("definitions_") or str(file).startswith(str(tmp_path)):
            del sys.modules[module]


def ids(registry: Registry) -> list[str]:
    return [definition.id for definition in registry]


def refusal_of(package: str) -> str:
    with pytest.raises(DefinitionError) as refused:
        discover(package)
    return refused.value.message


class TestModules:
    def test_their_definitions_are_found_in_the_order_of_the_files_names(
        self, package: Package
    ) -> None:
        name = package({"b.py": TASK.format(name="of_b"), "a.py": TASK.format(name="of_a")})

        found = ids(discover(name))

        assert found == ["ofA", "ofB"]

    def test_the_order_does_not_depend_on_which_imports_which(self, package: Package) -> None:
        name = package(
            {
                "a.py": "from .b import of_b\n" + TASK.format(name="of_a"),
                "b.py": TASK.format(name="of_b"),
            }
        )

        found = ids(discover(name))

        assert found == ["ofA", "ofB"]

    def test_the_projects_own_definitions_are_found_testing_run_first(self) -> None:
        found = ids(discover())

        assert found[0] == "testingRun"
        assert "importCsv" in found

    def test_a_definition_in_a_folder_is_found(self, package: Package) -> None:
        name = package(
            {"users/__init__.py": "", "users/export.py": TASK.format(name="export_users")}
        )

        found = ids(discover(name))

        assert found == ["exportUsers"]

    def test_a_definition_that_another_file_imports_is_found_once(self, package: Package) -> None:
        name = package(
            {
                "a.py": TASK.format(name="of_a"),
                "b.py": "from .a import of_a\n" + TASK.format(name="of_b"),
            }
        )

        found = ids(discover(name))

        assert found == ["ofA", "ofB"]

    def test_a_package_without_definitions_is_empty(self, package: Package) -> None:
        name = package({"helpers.py": "x = 1"})

        found = ids(discover(name))

        assert found == []


# What an author writes, and the ids that it makes.
WRITTEN = {
    "in a dict": (MAKE + "ALL = {id: make(id) for id in ('one', 'two')}", ["one", "two"]),
    "in a list of a list": (MAKE + "ALL = [[make('one')], [make('two')]]", ["one", "two"]),
    "in a loop": (MAKE + "for id in ('one', 'two'):\n    make(id)", ["one", "two"]),
    "in a loop, under one name": (
        HEAD
        + "for id in ('one', 'two'):\n"
        + "    @task(id=id)\n    def made(context: Context) -> Done: return Done()",
        ["one", "two"],
    ),
    "in a class": (
        HEAD + "class Jobs:\n    @task()\n    def nightly(context: Context) -> Done: return Done()",
        ["nightly"],
    ),
    "in a function that is called": (MAKE + "def all():\n    make('one')\nall()", ["one"]),
    "under an if": (MAKE + "if True:\n    x = make('one')\nelse:\n    y = make('two')", ["one"]),
    "in a try": (
        MAKE + "try:\n    make('one')\n    1 / 0\nexcept ZeroDivisionError: pass",
        ["one"],
    ),
    "deleted": (TASK.format(name="one") + "del one", ["one"]),
    "overwritten by a value": (TASK.format(name="one") + "one = None", ["one"]),
    "overwritten by another task": (
        HEAD
        + "@task(id='one')\ndef f(context: Context) -> Done: return Done()\n"
        + "@task(id='two')\ndef f(context: Context) -> Done: return Done()",
        ["one", "two"],
    ),
    "made by a call": (
        HEAD + "def plain(context: Context) -> Done: return Done()\nx = task(id='one')(plain)",
        ["one"],
    ),
    "made of a wrapper by a call": (
        HEAD
        + TIMED
        + "def plain(context: Context) -> Done: return Done()\n"
        + "x = task(id='one')(timed(plain))",
        ["one"],
    ),
    "a lambda": (HEAD + "task(id='one')(lambda context: Done())", ["one"]),
    "above another decorator": (
        HEAD + TIMED + "@task()\n@timed\ndef one(context: Context) -> Done: return Done()",
        ["one"],
    ),
    "under a decorator that returns it": (
        HEAD + TIMED + "@same\n@task()\ndef one(context: Context) -> Done: return Done()",
        ["one"],
    ),
    "in a decorator of its own": (
        HEAD
        + TIMED
        + "def job(function):\n    return task()(timed(function))\n"
        + "@job\ndef one(context: Context) -> Done: return Done()",
        ["one"],
    ),
    "by exec": (HEAD + f"exec({TASK.format(name='one')!r})", ["one"]),
    "handed to another module": (MAKE + "import sys\nsys.made_by_a_test = make('one')", ["one"]),
}


class TestEveryWayToMakeATask:
    @pytest.mark.parametrize("file", ["a.py", "__init__.py", "sub/__init__.py", "sub/a.py"])
    @pytest.mark.parametrize("way", WRITTEN)
    def test_it_is_registered_at_every_discovery(
        self, package: Package, way: str, file: str
    ) -> None:
        text, expected = WRITTEN[way]
        name = package({"sub/__init__.py": "", file: text})

        found = [list(discover(name)), list(discover(name)), list(discover_importable(name))]

        assert [definition.id for definition in found[0]] == expected
        assert found[1] == found[2] == found[0]

    def test_a_factory_of_another_module_makes_the_tasks_of_the_module_that_calls_it(
        self, package: Package, tmp_path: Path
    ) -> None:
        name = package(
            {
                "../factory.py": MAKE,
                "b.py": "import factory\nx = [factory.make('one')]",
                "a.py": "import factory\nfactory.make('two')\n",
            }
        )

        found = ids(discover(name))

        assert found == ["two", "one"]

    @pytest.mark.parametrize(
        "line", ["import own.tasks", "from own.tasks import f", "from own import *", "import own"]
    )
    def test_a_task_of_a_package_of_ones_own_is_found_by_any_import(
        self, package: Package, line: str
    ) -> None:
        name = package(
            {
                "../own/__init__.py": "from own import tasks\n__all__ = ['tasks']",
                "../own/tasks.py": TASK.format(name="f") + "for_a_dict = {1: f}",
                "a.py": line,
            }
        )

        found = [ids(discover(name)), ids(discover(name))]

        assert found == [["f"], ["f"]]

    def test_a_task_of_a_package_that_was_imported_before_is_found_by_its_name(
        self, package: Package
    ) -> None:
        name = package(
            {"../own_one.py": TASK.format(name="f"), "a.py": "from own_one import f as g"}
        )
        importlib.import_module("own_one")

        found = ids(discover(name))

        assert found == ["f"]

    def test_modules_that_were_imported_before_are_found_all_the_same(
        self, package: Package
    ) -> None:
        name = package({"a.py": WRITTEN["in a dict"][0], "b.py": WRITTEN["deleted"][0]})
        with pytest.raises(DefinitionError, match='Two tasks have the id "one"'):
            discover(name)
        name = package({"a.py": WRITTEN["in a dict"][0]})
        importlib.import_module(f"{name}.a")

        found = ids(discover(name))

        assert found == ["one", "two"]

    def test_a_task_of_the_same_text_in_two_files_is_refused_with_both_places(
        self, package: Package
    ) -> None:
        name = package({"a.py": TASK.format(name="same"), "b.py": TASK.format(name="same")})

        message = refusal_of(name)

        assert 'Two tasks have the id "same"' in message
        assert "a.py:5 and " in message
        assert "b.py:5. Give" in message

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("@task(id='a', aliases=('old',))", "@task(id='b', aliases=('old',))"),
            ("@task(id='a', aliases=('b',))", "@task(id='b')"),
            ("@task(id='b')", "@task(id='a', aliases=('b',))"),
        ],
    )
    def test_a_task_with_the_alias_of_another_is_refused_with_both_files(
        self, package: Package, one: str, other: str
    ) -> None:
        text = TASK.format(name="f")
        name = package(
            {"a.py": text.replace("@task()", one), "b.py": text.replace("@task()", other)}
        )

        message = refusal_of(name)

        assert message.startswith("Two tasks claim the id, or alias, ")
        assert "a.py:" in message
        assert "b.py:" in message
        lambdas = discover_importable(name)
        assert list(lambdas) == []
        assert [problem.message for problem in lambdas.problems] == [message]

    def test_two_tasks_of_one_file_are_refused_with_both_lines(self, package: Package) -> None:
        name = package({"a.py": TASK.format(name="same") + TASK.format(name="same")})

        message = refusal_of(name)

        assert "a.py:5 and " in message
        assert "a.py:12. Give" in message

    def test_two_tasks_of_one_factory_are_refused_with_the_lines_that_call_it(
        self, package: Package
    ) -> None:
        name = package(
            {
                "../factory_two.py": MAKE,
                "a.py": "from factory_two import make\n\nx = make('same')",
                "b.py": "from factory_two import make\nx = make('same')",
            }
        )

        message = refusal_of(name)

        assert "a.py:3 and " in message
        assert "b.py:2. Give" in message

    @pytest.mark.parametrize("decorator", ["timed", "closed"])
    @pytest.mark.parametrize(
        "text",
        [
            "@{0}\n@task()\ndef one(context: Context) -> Done: return Done()",
            (
                "@{0}\n@task(\n    max_iterations=3,\n)\ndef one(\n    context: Context\n)"
                " -> Done:\n    # a comment\n    return Done()"
            ),
            "@same\n@{0}\n@same\n@task()\ndef one(context: Context) -> Done: return Done()",
            "class Jobs:\n    @{0}\n    @task()\n    def one(context: Context) -> Done: ...",
            (
                "def make():\n    @{0}\n    @task()\n    def one(context: Context) -> Done: ...\n"
                "    return one\nALL = [make()]"
            ),
        ],
    )
    def test_a_decorator_above_task_that_would_never_run_is_refused(
        self, package: Package, decorator: str, text: str
    ) -> None:
        name = package({"a.py": HEAD + TIMED + text.format(decorator)})

        message = refusal_of(name)

        assert 'has a decorator above @task() of "one", which would never run' in message
        assert "Put @task() first" in message
        assert "a.py:" in message

    def test_a_task_that_its_author_wraps_by_a_call_is_refused(self, package: Package) -> None:
        name = package({"a.py": TASK.format(name="one") + TIMED + "one = timed(one)"})

        message = refusal_of(name)

        assert "would never run" in message

    def test_a_call_of_the_tasks_name_that_keeps_the_task_is_registered(
        self, package: Package
    ) -> None:
        name = package({"a.py": TASK.format(name="one") + "def other(): return one\nf = other"})

        found = ids(discover(name))

        assert found == ["one"]


class TestRepeatedly:
    def test_a_definition_that_a_test_makes_is_in_no_registry(self, package: Package) -> None:
        @task()
        def of_a_test(context: Context) -> Done:
            return Done()

        name = package({"a.py": TASK.format(name="one")})

        found = [*ids(discover(name)), *ids(discover())]

        assert "one" in found
        assert of_a_test.id not in found

    def test_a_module_that_is_reloaded_has_its_new_definitions(self, package: Package) -> None:
        name = package({"a.py": TASK.format(name="one")})
        (before,) = discover(name)

        importlib.reload(sys.modules[f"{name}.a"])
        (after,) = discover(name)

        assert after.id == before.id
        assert after is not before

    def test_a_package_that_is_imported_anew_has_its_new_definitions(
        self, package: Package
    ) -> None:
        name = package(
            {"../own_two.py": TASK.format(name="two"), "a.py": MAKE + "import own_two\nmake('one')"}
        )
        before = list(discover(name))

        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]
        after = list(discover(name))

        assert {each.id for each in before} == {each.id for each in after} == {"one", "two"}

    def test_a_file_that_is_deleted_takes_its_definitions_along(
        self, package: Package, tmp_path: Path
    ) -> None:
        name = package({"a.py": TASK.format(name="one"), "b.py": TASK.format(name="two")})
        before = ids(discover(name))

        (tmp_path / name / "b.py").unlink()
        after = ids(discover(name))

        assert (before, after) == (["one", "two"], ["one"])

    def test_a_file_that_is_new_is_found_though_its_folder_seems_unchanged(
        self, package: Package, tmp_path: Path
    ) -> None:
        name = package({"a.py": TASK.format(name="one")})
        discover(name)

        unchanged = (tmp_path / name).stat()
        (tmp_path / name / "b.py").write_text(TASK.format(name="two"))
        os.utime(tmp_path / name, ns=(unchanged.st_atime_ns, unchanged.st_mtime_ns))
        found = ids(discover(name))

        assert found == ["one", "two"]

    def test_a_file_that_is_repaired_is_imported_by_the_next_discovery(
        self, package: Package, tmp_path: Path
    ) -> None:
        name = package({"a.py": "def broken(:"})
        refusal_of(name)

        (tmp_path / name / "a.py").write_text(TASK.format(name="one"))
        shutil.rmtree(tmp_path / name / "__pycache__", ignore_errors=True)
        found = ids(discover(name))

        assert found == ["one"]


# A file that can't be imported, and why.
BROKEN = {
    "import nothing_of_that_name": "ModuleNotFoundError: No module named 'nothing_of_that_name'",
    "1 / 0": "ZeroDivisionError: division by zero (line 1)",
    "def broken(:": "SyntaxError",
    "from handler import nothing": "ImportError",
    "\n\nimport sys\nsys.exit(2)": "SystemExit: 2 (line 4)",
    "raise BaseException('odd')": "BaseException: odd",
    "import asyncio\nraise asyncio.CancelledError": "CancelledError",
    "raise GeneratorExit": "GeneratorExit",
    "def f(): f()\nf()": "RecursionError",
    "class E(Exception):\n    def __str__(self): 1 / 0\nraise E": "E: (E can't be shown) (line 3)",
    "raise ValueError('\\ud800')": "ValueError: \\ud800",
    "x = 1\0": "null bytes",
}


class TestFilesThatCannotBeImported:
    @pytest.mark.parametrize("text", BROKEN)
    @pytest.mark.parametrize("file", ["broken.py", "folder/broken.py", "folder/__init__.py"])
    def test_one_is_refused_with_its_file_and_the_reason(
        self, package: Package, text: str, file: str
    ) -> None:
        name = package({"folder/__init__.py": "", file: text})

        message = refusal_of(name)

        assert f"{name}/{file} can't be imported" in message
        assert BROKEN[text] in message
        assert message.encode()

    @pytest.mark.parametrize("text", BROKEN)
    def test_the_rest_is_imported_where_that_is_asked_for(
        self, package: Package, text: str
    ) -> None:
        name = package({"a.py": text, "b.py": TASK.format(name="one"), "c/__init__.py": text})

        registry = discover_importable(name)

        assert ids(registry) == ["one"]
        assert [problem.data for problem in registry.problems] == [
            {"file": f"{name}/{file}"} for file in ("a.py", "c/__init__.py")
        ]

    def test_every_bad_file_is_in_the_message(self, package: Package) -> None:
        name = package({"a.py": "1 / 0", "b.py": "import nothing_of_that_name"})

        message = refusal_of(name)

        assert "a.py can't be imported" in message
        assert "b.py can't be imported" in message

    def test_a_message_has_the_first_ten_files_and_the_number_of_the_others(
        self, package: Package
    ) -> None:
        name = package({f"a{number:02}.py": "1 / 0" for number in range(25)})

        message = refusal_of(name)

        assert message.count("can't be imported") == 10
        assert message.endswith("15 more files can't be used.")

    def test_a_folder_whose_init_is_broken_is_one_problem(self, package: Package) -> None:
        name = package({"c/__init__.py": "1 / 0", "c/a.py": "", "c/b.py": ""})

        registry = discover_importable(name)

        assert len(registry.problems) == 1

    def test_a_task_that_was_made_before_its_file_broke_is_not_registered(
        self, package: Package
    ) -> None:
        name = package({"a.py": TASK.format(name="one") + "1 / 0"})

        found = [ids(discover_importable(name)), ids(discover_importable(name))]

        assert found == [[], []]

    def test_an_interrupt_of_a_person_at_a_deploy_is_not_caught(self, package: Package) -> None:
        name = package({"a.py": "raise KeyboardInterrupt"})

        with pytest.raises(KeyboardInterrupt):
            discover(name)

    def test_a_definition_that_is_not_valid_is_refused_with_its_own_message(
        self, package: Package
    ) -> None:
        text = TASK.format(name="x").replace("@task()", '@task(id="not camel")')
        name = package({"bad.py": text})

        message = refusal_of(name)

        assert 'bad.py: Task ID "not camel" is invalid' in message
        assert "can't be imported" not in message

    def test_a_task_that_is_not_valid_is_refused_with_the_file_that_makes_it(
        self, package: Package
    ) -> None:
        name = package(
            {"../factory_three.py": MAKE, "a.py": "import factory_three as f\nf.make(5)"}
        )

        message = refusal_of(name)

        assert f"{name}/a.py can't be imported: " in message
        assert "has id=5" in message

    @pytest.mark.parametrize(
        ("id", "problems"), [("missing_package", "is missing"), ("a_file", "is a file; make it")]
    )
    def test_a_package_that_is_not_there_is_refused_and_has_no_definitions(
        self, package: Package, tmp_path: Path, id: str, problems: str
    ) -> None:
        package({"../a_file.py": ""})

        registry = discover_importable(id)

        assert problems in refusal_of(id)
        assert ids(registry) == []
        assert len(registry.problems) == 1

    def test_a_broken_init_of_the_package_is_refused_and_leaves_no_definitions(
        self, package: Package
    ) -> None:
        name = package({"__init__.py": "import nothing_of_that_name", "a.py": ""})

        registry = discover_importable(name)

        assert f"{name}/__init__.py can't be imported" in refusal_of(name)
        assert ids(registry) == []

    def test_two_tasks_of_one_id_are_both_missing_since_nobody_knows_which_is_right(
        self, package: Package
    ) -> None:
        name = package(
            {
                "a.py": TASK.format(name="same"),
                "b.py": TASK.format(name="same") + TASK.format(name="other"),
            }
        )

        registry = discover_importable(name)

        assert ids(registry) == ["other"]
        assert registry.may_lack("same")
        assert len(registry.problems) == 1


# What a file may do while it is imported, or to whoever looks at what it has made.
NASTY = {
    "interrupts": "raise KeyboardInterrupt",
    "ends": "raise SystemExit",
    "sends itself an interrupt": "import signal\nsignal.raise_signal(signal.SIGINT)",
    "raises a group": "raise BaseExceptionGroup('x', [KeyboardInterrupt()])",
    "has an error whose text ends the process": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E"
    ),
    "has an error whose class has no name": (
        "class M(type):\n    @property\n    def __name__(cls): raise SystemExit\n"
        "class E(Exception, metaclass=M): pass\nraise E"
    ),
    "has an error that has no class": (
        "class E(Exception):\n    @property\n    def __class__(self): raise SystemExit\nraise E"
    ),
    "has an error of ours that has no message": (
        "from handler.errors import DefinitionError\n"
        "class E(DefinitionError):\n    @property\n    def message(self): raise SystemExit\n"
        "    @message.setter\n    def message(self, value): pass\nraise E('x')"
    ),
    "is missing a module that has no name": (
        "class E(ModuleNotFoundError):\n    @property\n    def name(self): raise SystemExit\n"
        "raise E"
    ),
    "has another error that has no name as its cause": (
        "class M(type):\n    @property\n    def __qualname__(cls): raise SystemExit\n"
        "class E(Exception, metaclass=M): pass\nraise ValueError from E()"
    ),
    "puts an object in its place": (
        "import sys\nclass L:\n    def __getattr__(self, name): raise SystemExit\n"
        "sys.modules[__name__] = L()"
    ),
    "has no spec": TASK.format(name="bad") + "__spec__ = None",
    "has another object as its spec": (
        TASK.format(name="bad") + "class L:\n    _initializing = False\n"
        "    @property\n    def origin(self): raise SystemExit\n__spec__ = L()"
    ),
    "changes its spec's origin": TASK.format(name="bad") + "__spec__.origin = 5",
    "changes the id of its task": TASK.format(name="bad") + "bad.id = []",
    "changes the title of its task": TASK.format(name="bad") + "bad.title = 5",
    "changes its task's title to what has no class": (
        TASK.format(name="bad")
        + "class L:\n    @property\n    def __class__(self): raise SystemExit\nbad.title = L()"
    ),
    "deletes the code of its task": TASK.format(name="bad") + "del bad._code",
}
# What a file may have that nobody needs to look into.
ODD = {
    "a lazy object": (
        "class L:\n    @property\n    def __class__(self): raise RuntimeError\nsettings = L()"
    ),
    "a lazy object that ends the process": (
        "class L:\n    def __getattribute__(self, name): raise SystemExit\nsettings = L()"
    ),
    "an object that is equal to nothing": (
        "class L:\n    def __eq__(self, other): raise SystemExit\n"
        "    def __hash__(self): raise SystemExit\nsettings = L()"
    ),
    "a class whose class has no attributes": (
        "class M(type):\n    def __getattribute__(cls, name): raise SystemExit\n"
        "class L(metaclass=M): pass"
    ),
    "attributes that are made when they are asked for": "def __getattr__(name): raise SystemExit",
    "a module's class of its own": (
        "import sys, types\nclass Lazy(types.ModuleType):\n"
        "    def __getattribute__(self, name):\n"
        "        if name in ('__spec__', '__path__'):\n"
        "            return super().__getattribute__(name)\n        raise SystemExit\n"
        "sys.modules[__name__].__class__ = Lazy"
    ),
    "no name": "del __name__",
    "another module that is none": (
        "import sys\nclass L:\n    @property\n    def __dict__(self): raise SystemExit\n"
        "sys.modules[__name__ + '_lazy'] = L()"
    ),
    "another value under its task's name": (
        "class L:\n    def __getattribute__(self, name): raise SystemExit\nodd = L()"
    ),
}


class TestNastyFiles:
    @pytest.mark.parametrize("seconds", [0, 5])
    @pytest.mark.parametrize("what", NASTY)
    def test_one_costs_its_own_definitions_alone(
        self, package: Package, what: str, seconds: float
    ) -> None:
        good = {f"{name}.py": TASK.format(name=name) for name in ("a", "z")}
        name = package({**good, "nasty.py": HEAD + NASTY[what]})

        registry = discover_importable(name, import_seconds=seconds)

        assert ids(registry) == ["a", "z"]
        [problem] = registry.problems
        assert "nasty.py" in problem.message
        traceback.format_exception(problem)

    @pytest.mark.parametrize("what", ODD)
    def test_one_with_an_odd_value_costs_nothing(self, package: Package, what: str) -> None:
        good = {f"{name}.py": TASK.format(name=name) for name in ("a", "z")}
        name = package({**good, "odd.py": TASK.format(name="odd") + ODD[what]})

        registry = discover_importable(name)

        assert (ids(registry), registry.problems) == (["a", "odd", "z"], ())

    @pytest.mark.parametrize("what", [*NASTY, *ODD])
    def test_a_nasty_init_of_a_folder_or_of_the_package_ends_nothing(
        self, package: Package, what: str
    ) -> None:
        nasty = HEAD + (NASTY | ODD)[what]
        of_folder = package({"a.py": TASK.format(name="a"), "folder/__init__.py": nasty})
        of_package = package({"__init__.py": nasty, "a.py": TASK.format(name="a")})

        assert "a" in ids(discover_importable(of_folder))
        discover_importable(of_package)

    def test_a_package_whose_folders_are_something_else_is_a_problem(
        self, package: Package
    ) -> None:
        name = package({"__init__.py": "__path__ = [5]"})

        [problem] = discover_importable(name).problems

        assert f"{name}/__init__.py can't be imported: TypeError" in problem.message


def test_the_origin_of_a_definition_is_no_part_of_what_an_author_sees() -> None:
    @task()
    def one(context: Context) -> Done:
        return Done()

    assert "origin" not in [name for name in dir(one) if not name.startswith("_")]
    assert isinstance(one, Definition)
