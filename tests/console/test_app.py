"""What the page asks for."""

from typing import Any

import pytest

from console import app as app_module
from tests.console.asking import OWN, TOKEN, Api, Place, app_of, ask, post


def test_a_document_is_asked_of_the_stack_as_it_is(app: Any, place: Place) -> None:
    said = {"query": "{ a }", "variables": {"id": "1"}, "repeats": True}

    assert post(app, "graphql", said).json == {"data": {"tenant": None, "document": "{ a }"}}

    [client] = place.clients
    assert client.asked == [("{ a }", {"id": "1"}, True)]


def test_what_changes_something_is_sent_once_unless_the_page_says_otherwise(
    app: Any, place: Place
) -> None:
    post(app, "graphql", {"query": "mutation { a }"})

    [client] = place.clients
    assert client.asked == [("mutation { a }", None, False)]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"5", b"{}", b'"query"', b"\xff", b"[" * 100_000, b'{"query": 1}'],
)
def test_a_body_that_is_no_request_is_answered_in_words(app: Any, body: bytes) -> None:
    answer = post(app, "graphql", body)

    assert answer.status == 200
    assert answer.json.keys() <= {"error", "data"}


def test_an_answer_that_can_not_be_written_is_told_in_words(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Python has read, it may not write: it goes less deep there."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    monkeypatch.setattr(Api, "graphql", lambda *_, **__: deep)

    answer = post(app, "graphql", {"query": "{ a }"})

    assert answer.status == 200
    assert answer.json["error"]["message"].startswith("RecursionError: ")


def test_what_is_too_large_is_refused_and_not_sent_on(
    app: Any, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "_MAX_BODY_BYTES", 100)

    answer = post(app, "graphql", {"query": "a" * 100})

    assert answer.json["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
    assert "113 bytes; the console takes 100" in answer.json["error"]["message"]
    assert place.clients == []


def test_an_input_of_10_mib_is_not() -> None:
    assert app_module._MAX_BODY_BYTES > 10 * 1024 * 1024 + 100_000


def test_it_tells_of_the_stack_and_of_no_key() -> None:
    place = Place(
        outputs={
            "apiUrl": "https://example.com",
            "secretAccessKey": "secret",
            "console": {"stateMachine": "https://console.aws.amazon.com/"},
        }
    )

    answer = ask(app_of(lambda: place, tenant="shop"), f"/{TOKEN}/about")

    assert answer.json["data"] == {
        "name": "the stack of the tests",
        "isLocal": True,
        "tenant": "shop",
        "version": "1.2.3",
        "links": {"stateMachine": "https://console.aws.amazon.com/"},
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_the_api_is_asked_by_post_alone(app: Any, place: Place, method: str) -> None:
    answer = ask(app, f"/{TOKEN}/graphql", method=method)

    assert answer.status == 405
    assert place.clients == []


@pytest.mark.parametrize("path", ["nothing", "graphql/", "about/", "files", ""])
def test_what_is_not_there_is_not_there(app: Any, path: str) -> None:
    assert ask(app, f"/{TOKEN}/{path}").status in ((200,) if not path else (404, 307))


def test_what_is_long_is_compressed_for_whoever_takes_it(app: Any) -> None:
    headers = {**OWN, "accept-encoding": "gzip"}

    long = ask(app, f"/{TOKEN}/files/styles/page.css", headers=headers)
    plain = ask(app, f"/{TOKEN}/files/styles/page.css")

    assert long.headers["content-encoding"] == "gzip"
    assert len(long.body) < len(plain.body) / 2
