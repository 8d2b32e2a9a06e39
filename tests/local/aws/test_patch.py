"""Another ministack than the pinned one is refused, with the part that it lacks."""

import types

import pytest

from local.aws import patch


def test_a_missing_function_is_refused_with_its_name_and_what_to_install() -> None:
    ministack = types.ModuleType("made_up")

    with pytest.raises(
        patch.UnknownMinistack,
        match=r"has no made_up\.absent, .*pip install -r requirements-dev\.txt",
    ):
        patch.replace(ministack, "absent", lambda original: original)


def test_a_missing_line_is_refused_with_its_text() -> None:
    ministack = types.ModuleType("made_up")
    ministack.script = "one line, and another"  # type: ignore[attr-defined]

    with pytest.raises(patch.UnknownMinistack, match=r"has no line 'third' in made_up.script"):
        patch.replace_text(ministack, "script", "third", "fourth")


def test_a_missing_module_is_refused_with_its_name() -> None:
    with pytest.raises(patch.UnknownMinistack, match=r"has no module ministack.made_up"):
        patch.module("made_up")
