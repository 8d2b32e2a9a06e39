"""The locale of a request: Webiny's header, and the browser's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.graphql.locales import locale_of
from tests.handler.graphql.client import TRIGGER_TASK, Api
from tests.handler.stack import Stack


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("default:en-US;content:de-DE;", "de-DE"),
        ("content:hr-HR;default:en-US", "hr-HR"),
        (" default: en-US ; content: zh-Hant-TW ;", "zh-Hant-TW"),
        ("de-DE", "de-DE"),
        ("de_DE", "de_DE"),
        ("default:de-DE;", "en-US"),
        ("content:;", "en-US"),
        ("content:not a locale;", "en-US"),
        ("content:;content:fr;", "fr"),
        (";;;:::", "en-US"),
        ("content", "content"),
        ("x" * 5_000, "en-US"),
        ("", "en-US"),
    ],
)
def test_webinys_header_says_it_for_the_content(header: str, locale: str) -> None:
    assert locale_of({"x-i18n-locale": header}) == locale


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("de-AT", "de-AT"),
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
        ("en;q=0.5, fr-FR;q=0.9", "fr-FR"),
        ("*", "en-US"),
        ("*, hr", "hr"),
        ("hr;q=0, fr;q=0.1", "fr"),
        ("hr; q=odd", "hr"),
        (",,;q=,", "en-US"),
    ],
)
def test_without_it_the_browsers_first_language_does(header: str, locale: str) -> None:
    assert locale_of({"accept-language": header}) == locale


def test_webinys_header_goes_first() -> None:
    headers = {"accept-language": "fr", "x-i18n-locale": "default:fr;content:de-DE;"}
    assert locale_of(headers) == "de-DE"
    assert locale_of(headers | {"x-i18n-locale": "default:en-US;"}) == "fr"


@given(st.dictionaries(st.sampled_from(["x-i18n-locale", "accept-language"]), st.text()))
def test_any_header_gives_a_locale(headers: dict[str, str]) -> None:
    locale = locale_of(headers)
    assert 2 <= len(locale) <= 100
    assert not set(locale) & set(";:,\n ")


def test_a_triggered_task_has_it(stack: Stack, api: Api) -> None:
    api.headers = {"X-I18N-Locale": "default:en-US;content:de-DE;"}
    record = api.data(TRIGGER_TASK, definition="testingRun")
    assert stack.get(record["id"]).locale == "de-DE"
