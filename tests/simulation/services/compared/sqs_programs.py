"""Any sequence of requests to a queue of SQS, and of time that passes."""

from typing import Any, Final

from hypothesis import strategies as st

Step = tuple[str, Any]
"""An operation and what it is given: of `wait`, seconds; of `delete`, which of the messages that
have come."""

_attributes: Final = st.dictionaries(
    st.sampled_from(["ERROR_CODE", "RULE_ARN"]),
    st.just({"DataType": "String", "StringValue": "text"}),
)
_steps: Final[dict[str, st.SearchStrategy[Any]]] = {
    "send": st.tuples(st.sampled_from(["{}", "a", "é"]), _attributes),
    "receive": st.tuples(st.integers(1, 10), st.sampled_from([[], ["All"], ["ERROR_CODE"]])),
    "delete": st.integers(0, 5),
    # No sum of them is the visibility timeout: moto shows a message a moment later. And none comes
    # to the retention: moto stops at the first message that is over it, and never removes it.
    "wait": st.sampled_from([7, 29.5, 31.3, 100]),
}


@st.composite
def programs(draw: st.DrawFn) -> list[Step]:
    """A few messages, then any steps."""
    first = [("send", each) for each in draw(st.lists(_steps["send"], max_size=4))]
    often = ["send", "receive", "receive", "delete", "delete", "wait", "wait"]
    names = draw(st.lists(st.sampled_from(often), min_size=5, max_size=16))
    return first + [(name, draw(_steps[name])) for name in names]
