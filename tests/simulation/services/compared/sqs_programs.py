"""Any sequence of requests to a queue of SQS, and of time that passes."""

from typing import Any, Final

from hypothesis import strategies as st

Step = tuple[str, Any]
"""An operation and what it is given; `wait` is given seconds, and `delete` the number of an earlier
receipt."""

_attributes: Final = st.dictionaries(
    st.sampled_from(["ERROR_CODE", "RULE_ARN"]),
    st.just({"DataType": "String", "StringValue": "text"}),
)
_steps: Final[dict[str, st.SearchStrategy[Any]]] = {
    "send": st.tuples(st.sampled_from(["{}", "a", "é"]), _attributes),
    "receive": st.tuples(st.integers(1, 10), st.sampled_from([[], ["All"], ["ERROR_CODE"]])),
    "delete": st.integers(0, 5),
    "wait": st.sampled_from([1, 29, 30, 31, 100, 4 * 24 * 60 * 60]),
}


@st.composite
def programs(draw: st.DrawFn) -> list[Step]:
    """A few messages, then any steps."""
    first = [("send", each) for each in draw(st.lists(_steps["send"], max_size=4))]
    names = draw(st.lists(st.sampled_from(sorted(_steps)), min_size=1, max_size=10))
    return first + [(name, draw(_steps[name])) for name in names]
