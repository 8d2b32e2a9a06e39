"""Which imports of a module's source Lambda makes."""

import ast
import textwrap

import pytest

from infra.import_check.imports import Import, imports_of

THERE = {"json", "yes", "yes.part"}


def read(source: str, *, thorough: bool = True, package: str = "definitions") -> list[Import]:
    return imports_of(
        ast.parse(textwrap.dedent(source)),
        package,
        is_there=lambda each: each.module in THERE,
        thorough=thorough,
    )


def required(source: str, *, thorough: bool = True) -> list[str]:
    return [each.module for each in read(source, thorough=thorough) if each.required]


class TestForms:
    @pytest.mark.parametrize(
        ("source", "found"),
        [
            ("import a", [("a", ())]),
            ("import a.b.c as d, e", [("a.b.c", ()), ("e", ())]),
            ("from a import b, c as d", [("a", ("b", "c"))]),
            ("from a import *", [("a", ())]),
            ("from . import b", [("definitions", ("b",))]),
            ("from .b import c", [("definitions.b", ("c",))]),
            ("import importlib\nimportlib.import_module('a.b')", [("importlib", ()), ("a.b", ())]),
            ("x = import_module('.b', __package__)", [("definitions.b", ())]),
            ("x = [__import__('a')]", [("a", ())]),
            ("importlib.__import__('a')", [("a", ())]),
            (
                "__import__('importlib').import_module('a.b')",
                [("a.b", ()), ("importlib", ())],
            ),
            ("__import__('other').import_module('a.b')", [("other", ())]),
            ("import_module(name)", []),
        ],
    )
    def test_each_form_of_an_import_is_found(
        self, source: str, found: list[tuple[str, tuple[str, ...]]]
    ) -> None:
        assert [(each.module, each.names) for each in read(source)] == found

    def test_dots_count_from_the_package(self) -> None:
        found = read("from ..shared import x\nfrom .... import y", package="definitions.deep")

        assert [each.module for each in found] == ["definitions.shared", "...."]

    def test_the_line_is_that_of_the_import(self) -> None:
        assert [each.line for each in read("\n\nimport a\ndef f():\n  import b\n")] == [3, 5]

    @pytest.mark.parametrize(
        "block",
        [
            "def f():\n    import a",
            "async def f():\n    import a",
            "class C:\n    import a",
            "class C:\n    def f(self):\n        import a",
            "for x in y:\n    import a",
            "for x in y:\n    pass\nelse:\n    import a",
            "while x:\n    import a",
            "with x:\n    import a",
            "async def f():\n    async with x:\n        import a",
            "match x:\n    case 1:\n        import a",
            "if x:\n    import a",
            "if x:\n    pass\nelif y:\n    pass\nelse:\n    import a",
            "try:\n    import a\nfinally:\n    pass",
            "try:\n    pass\nfinally:\n    import a",
            "try:\n    pass\nexcept ValueError:\n    import a",
            "try:\n    pass\nexcept ValueError:\n    pass\nelse:\n    import a",
            "f = lambda: importlib.import_module('a')",
            "@wraps(__import__('a'))\ndef f(): pass",
            "with __import__('a') as x:\n    pass",
        ],
    )
    def test_an_import_inside_any_statement_is_found(self, block: str) -> None:
        assert required(block) == ["a"]


class TestWhatIsNotRequired:
    @pytest.mark.parametrize(
        "source",
        [
            "try:\n    import a\nexcept ImportError:\n    a = None",
            "try:\n    import a\nexcept ModuleNotFoundError:\n    a = None",
            "try:\n    import a\nexcept (ImportError, OSError) as error:\n    a = None",
            "try:\n    import a\nexcept Exception:\n    a = None",
            "try:\n    import a\nexcept:\n    a = None",
            "try:\n    import a\nexcept builtins.ImportError:\n    a = None",
            "with contextlib.suppress(ImportError):\n    import a",
            "def f():\n    try:\n        import a\n    except ImportError:\n        pass",
            "try:\n    if x:\n        import a\nexcept ImportError:\n    pass",
            "try:\n    import a\nexcept* ImportError:\n    a = None",
        ],
    )
    def test_an_import_that_may_fail(self, source: str) -> None:
        assert required(source) == []

    @pytest.mark.parametrize(
        "source",
        [
            "try:\n    import a\nexcept ValueError:\n    pass",
            "try:\n    import a\nexcept ImportError as e:\n    raise RuntimeError('a!') from e",
            # It reports the error of the whole work.
            "def f():\n    try:\n        import a\n    except Exception as e:\n        print(e)",
            "with contextlib.suppress(KeyError):\n    import a",
        ],
    )
    def test_but_not_one_whose_failure_goes_on(self, source: str) -> None:
        assert required(source) == ["a"]

    def test_a_fallback_counts_if_it_runs(self) -> None:
        source = "try:\n    import {}\nexcept ImportError:\n    import b"

        assert required(source.format("no")) == ["b"]
        assert required(source.format("yes")) == []

    def test_what_follows_a_failed_try_does_not_run(self) -> None:
        source = "try:\n    import {}\nexcept ImportError:\n    pass\nelse:\n    import b"

        assert required(source.format("no")) == []
        assert required(source.format("yes")) == ["b"]


class TestConditions:
    @pytest.mark.parametrize(
        "condition",
        [
            "TYPE_CHECKING",
            "typing.TYPE_CHECKING",
            "t.TYPE_CHECKING",
            "not not TYPE_CHECKING",
            "__name__ == '__main__'",
            "sys.version_info < (3, 13)",
            "sys.version_info[:2] == (3, 11)",
            "sys.version_info[0] == 2",
            "sys.version_info.minor < 13",
            "sys.version_info >= (3, 14)",
            "sys.version_info.minor > 13",
            "not sys.version_info.minor <= 13",
            "not sys.version_info.minor >= 13",
            "sys.implementation.name == 'pypy'",
            "platform.python_implementation() != 'CPython'",
            "sys.platform == 'win32'",
            "sys.platform.startswith('darwin')",
            "sys.platform in ('win32', 'cygwin')",
            "sys.platform not in ('linux', 'darwin')",
            "os.name == 'nt'",
            "platform.system() == 'Windows'",
            "x and TYPE_CHECKING",
            "TYPE_CHECKING or os.name == 'nt'",
            "not (x or os.name == 'posix')",
            "False",
        ],
    )
    def test_a_branch_that_lambda_never_takes_is_left_out(self, condition: str) -> None:
        assert required(f"if {condition}:\n    import a\nelse:\n    import b") == ["b"]
        assert required(f"if not ({condition}):\n    import a\nelse:\n    import b") == ["a"]

    @pytest.mark.parametrize(
        "condition",
        [
            "x",
            "x == 1",
            "sys.argv",
            "sys.version_info > y",
            "sys.version_info[9]",
            "1 < x < 2",
            "'a' < 1",
            "x or TYPE_CHECKING",
        ],
    )
    def test_a_branch_that_it_may_take_is_read_in_our_code_alone(self, condition: str) -> None:
        source = f"if {condition}:\n    import a\nelse:\n    import b"

        assert required(source) == ["a", "b"]
        assert required(source, thorough=False) == []


class TestOtherPeoplesPackages:
    def test_only_what_is_sure_to_run_is_read(self) -> None:
        source = """
            import a
            class C:
                import b
            def f():
                import no1
            for x in y:
                import no2
            try:
                import c
            except ValueError:
                import no3
            try:
                import no4
            except ImportError:
                import no5
            if sys.version_info >= (3, 9):
                import d
            x = __import__("no6")
        """

        assert required(source, thorough=False) == ["a", "b", "c", "d"]
