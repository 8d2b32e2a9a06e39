"""What ministack does in less time has the same results."""

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aws import shortcuts
from local.aws.patch import module

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts) | st.tuples(parts),
    max_leaves=20,
)


@given(VALUES)
def test_a_copy_is_equal_and_shares_nothing_that_changes(value: Any) -> None:
    copied = shortcuts.copied(value)

    assert copied == copy.deepcopy(value)
    assert not _changeable(copied) & _changeable(value)


def test_what_is_not_plain_is_copied_by_the_original() -> None:
    kept = SimpleNamespace(items=[1])

    copied = shortcuts.copied({"a": [kept]})["a"][0]

    assert copied == kept
    assert copied.items is not kept.items


@pytest.mark.parametrize("as_text", [True, False])
def test_a_policy_is_parsed_as_before_and_belongs_to_who_asked(as_text: bool) -> None:
    original = module("core.iam_evaluator").parse_policy_document
    parse = shortcuts._once_per_text(original)
    text = '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    document = text if as_text else {"Statement": []}

    first = parse(document)
    first.append("changed")

    assert parse(document) == original(document)


def _changeable(value: Any) -> set[int]:
    """The ids of all lists and mappings in it."""
    if isinstance(value, dict):
        return {id(value)}.union(*map(_changeable, value.values()))
    if isinstance(value, list | tuple):
        own = {id(value)} if isinstance(value, list) else set[int]()
        return own.union(*map(_changeable, value))
    return set()
