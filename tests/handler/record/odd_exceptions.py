"""Exceptions as an author's code may raise them: of odd classes, with odd texts and attributes."""

import asyncio
import itertools
import sys
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.handler.record.odd_values import ODD, Raising, RaisingMapping, circular, odd_values


class OwnBase(BaseException):
    """Derives from `BaseException` directly, as a cancellation of trio or anyio does."""


class Unprintable(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt

    __repr__ = __str__


class NotText(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]  # noqa: PLE0307


class BadProperties(Exception):
    @property
    def code(self) -> str:
        raise SystemExit(0)

    @property
    def data(self) -> dict[str, object]:
        raise asyncio.CancelledError

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        raise KeyboardInterrupt


class LyingClass(Exception):
    @property
    def __class__(self) -> Any:
        raise MemoryError

    @__class__.setter
    def __class__(self, _: object) -> None: ...


class Unreducible(Exception):
    def __reduce__(self) -> Any:
        raise SystemExit(1)

    def __eq__(self, _: object) -> bool:
        raise KeyboardInterrupt

    __hash__ = None  # type: ignore[assignment]


class Methods(Exception):
    def code(self) -> str:
        return "CODE"

    def data(self) -> dict[str, object]:
        return {}


class BadGroup(ExceptionGroup[Exception]):
    def derive(self, _: Any) -> Any:
        raise KeyboardInterrupt

    @property
    def exceptions(self) -> Any:
        raise SystemExit(0)


class Meta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise KeyboardInterrupt

    def __instancecheck__(cls, _: object) -> bool:
        raise KeyboardInterrupt

    def __eq__(cls, _: object) -> bool:
        raise KeyboardInterrupt

    __hash__ = type.__hash__


class BadMeta(Exception, metaclass=Meta):
    pass


def with_attributes(code: object, data: object) -> Exception:
    error = ValueError("boom")
    error.code, error.data = code, data  # type: ignore[attr-defined]
    return error


def caused_by_itself() -> Exception:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    first.__context__, second.__context__ = second, first
    return first


def with_odd_notes() -> Exception:
    error = ValueError("boom")
    error.__notes__ = ["text", 5, "\ud800", Raising(SystemExit(0))]  # type: ignore[list-item]
    return error


def with_notes_of_no_list() -> Exception:
    error = ValueError("boom")
    error.__notes__ = 5  # type: ignore[assignment]
    return error


def deep_trace() -> BaseException:
    """An exception 10,000 calls deep."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)

    def down(levels: int) -> None:
        if levels == 0:
            raise ValueError("at the bottom")
        down(levels - 1)

    try:
        down(10_000)
    except ValueError as error:
        return error
    finally:
        sys.setrecursionlimit(limit)
    raise AssertionError


def deep_recursion() -> BaseException:
    def forever() -> None:
        forever()

    try:
        forever()
    except RecursionError as error:
        return error
    raise AssertionError


def deep_group() -> BaseException:
    group: BaseException = OwnBase("boom")
    for _ in range(2_000):
        group = BaseExceptionGroup("deep", [group])
    return group


def of_a_long_name() -> BaseException:
    return type("N" * 100_000 + "ü", (Exception,), {})("boom")  # type: ignore[no-any-return]


def _made(*arguments: Any, of: Callable[..., BaseException]) -> Callable[[], BaseException]:
    def make() -> BaseException:
        return of(*arguments)

    make.__name__ = f"{of.__name__} {next(_numbers)}"
    return make


_numbers = itertools.count(1)
_KINDS: list[Any] = [
    *(ValueError, KeyError, IndexError, AssertionError, TimeoutError, StopIteration, OSError),
    *(StopAsyncIteration, RecursionError, MemoryError, GeneratorExit, KeyboardInterrupt),
    *(SystemExit, asyncio.CancelledError, OwnBase, BaseException, Unprintable, NotText),
    *(BadProperties, LyingClass, Unreducible, Methods, NotImplementedError, UnicodeError),
]
_ARGUMENTS: list[Any] = [
    *((), (0,), (2,), ("text",), (None,), ("",), ("x" * 100_000,), ("\ud800\x00",)),
    *((Raising(SystemExit(0)),), (circular(),), (10**5_000,)),
]
_ATTRIBUTES: list[Any] = [
    *(("CODE", {"k": 1}), ("", {}), (5, "text"), (None, None), ("\ud800" * 1_000, {"k": "\ud800"})),
    *((Raising(SystemExit(0)), Raising(KeyboardInterrupt())), ("C", RaisingMapping())),
    *(("C", {"huge": "x" * 11_000_000}), *((value, {"k": value}) for value in ODD)),
]

ODD_EXCEPTIONS: list[Callable[[], BaseException]] = [
    *(_made(*arguments, of=kind) for kind in _KINDS for arguments in _ARGUMENTS),
    *(_made(*attributes, of=with_attributes) for attributes in _ATTRIBUTES),
    *(caused_by_itself, with_odd_notes, with_notes_of_no_list, deep_trace, deep_recursion),
    *(deep_group, of_a_long_name),
    _made("group", [ValueError("boom")], of=BadGroup),
    _made("x" * 10_000_000, of=ValueError),
    _made(of=lambda: BadMeta("boom")),
    _made("nested", [OwnBase(), asyncio.CancelledError(), KeyError(1)], of=BaseExceptionGroup),
]


def exceptions() -> st.SearchStrategy[BaseException]:
    """Exceptions of any class, with arguments, notes, causes and attributes of any kind."""
    alone = st.builds(
        _raised,
        st.sampled_from(_KINDS),
        st.lists(odd_values(), max_size=2),
        st.lists(st.text(max_size=20), max_size=2),
        st.one_of(st.just(()), st.tuples(odd_values(), odd_values())),
    )
    return st.recursive(
        alone,
        lambda inner: st.one_of(
            st.builds(BaseExceptionGroup, st.text(), st.lists(inner, min_size=1, max_size=3)),
            st.builds(_caused, inner, inner),
        ),
        max_leaves=5,
    )


def _raised(
    kind: type[BaseException], arguments: list[Any], notes: list[str], attributes: Any
) -> BaseException:
    error = kind(*arguments)
    if kind is not BadProperties:
        error.__notes__ = notes
    for name, value in zip(("code", "data"), attributes, strict=False):
        if kind not in (BadProperties, Methods):
            setattr(error, name, value)
    try:
        raise error
    except BaseException:
        return error


def _caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error
