"""Any sequence of requests to a bucket of S3."""

from typing import Any, Final

from hypothesis import strategies as st

BUCKET: Final = "bucket"
Call = tuple[str, dict[str, Any]]
"""An operation, and its request without the bucket."""

_keys: Final = st.sampled_from(
    ["a", "a/1", "a/10", "a/2", "ab", "b/é", "tasks/x/1", "tasks/x/2", "tasks/xy/1", "Z"]
)
_prefixes: Final = st.sampled_from(["", "a", "a/", "b/", "tasks/", "tasks/x/", "zz"])
_contents: Final = st.sampled_from([b"", b"1", b"\x00\xff", b"long" * 100])


@st.composite
def _deletions(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(_keys, min_size=1, max_size=4, unique=True))
    objects = [{"Key": key} for key in keys]
    return {"Delete": {"Objects": objects, "Quiet": draw(st.booleans())}}


@st.composite
def _lists(draw: st.DrawFn) -> dict[str, Any]:
    request: dict[str, Any] = {"Prefix": draw(_prefixes)}
    if draw(st.booleans()):
        request["MaxKeys"] = draw(st.integers(1, 4))
    if draw(st.booleans()):
        request["StartAfter"] = draw(_keys)
    return request


_requests: Final[dict[str, st.SearchStrategy[dict[str, Any]]]] = {
    "put_object": st.fixed_dictionaries({"Key": _keys, "Body": _contents}),
    "get_object": st.fixed_dictionaries({"Key": _keys}),
    "delete_objects": _deletions(),
    "list_objects_v2": _lists(),
}


@st.composite
def programs(draw: st.DrawFn) -> list[Call]:
    """Some objects, then any requests."""
    puts = st.lists(_requests["put_object"], max_size=6)
    first = [("put_object", request) for request in draw(puts)]
    names = draw(st.lists(st.sampled_from(sorted(_requests)), min_size=1, max_size=8))
    return first + [(name, draw(_requests[name])) for name in names]
