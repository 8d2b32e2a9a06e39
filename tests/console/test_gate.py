"""Nobody but the page itself, opened with the URL that was printed, is answered anything."""

from typing import Any

import pytest

from console.gate import HEADERS, Gate, new_token
from tests.console.asking import HOST, OWN, PORT, TOKEN, Place, app_of, ask, post

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"]
PATHS = ["/", "/about", "/graphql", "/files/main.js", "/files/nothing.js", "/nothing"]


def paths() -> list[str]:
    return [f"/{TOKEN}{path}" for path in PATHS]


class TestTheName:
    """A name of somebody else's may lead to this address: DNS rebinding."""

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            f"evil.example:{PORT}",
            f"127.0.0.1.nip.io:{PORT}",
            f"localhost.evil.example:{PORT}",
            f"127.0.0.1:{PORT}.evil.example",
            f"evil.example#@127.0.0.1:{PORT}",
            f"user@127.0.0.1:{PORT}",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:80",
            f"127.0.0.1:{PORT + 1}",
            f"127.1:{PORT}",
            f"2130706433:{PORT}",
            f"0.0.0.0:{PORT}",
            f"[::1]:{PORT}",
            f"[::ffff:127.0.0.1]:{PORT}",
            f"127.0.0.1:0{PORT}",
            f"127.0.0.1:{PORT} ",
            f"127.0.0.1:{PORT},evil.example",
            f"LOCALHOST:{PORT}",
            f"localhost.:{PORT}",
            "",
        ],
    )
    def test_any_other_is_refused_whatever_is_asked(
        self, app: Any, place: Place, method: str, host: str
    ) -> None:
        for path in paths():
            answer = ask(app, path, method=method, headers={**OWN, "host": host})
            assert (answer.status, answer.text) == (421, "This name is not the console's.")
        assert place.clients == []

    def test_so_is_none(self, app: Any) -> None:
        without = {name: value for name, value in OWN.items() if name != "host"}

        assert ask(app, f"/{TOKEN}/about", headers=without).status == 421

    @pytest.mark.parametrize("header", ["x-forwarded-host", "forwarded", "x-host", ":authority"])
    def test_no_other_header_names_it(self, app: Any, header: str) -> None:
        headers = {**OWN, "host": "evil.example", header: HOST}

        assert ask(app, f"/{TOKEN}/about", headers=headers).status == 421

    @pytest.mark.parametrize("host", [HOST, f"localhost:{PORT}"])
    def test_its_own_two_are_answered(self, app: Any, host: str) -> None:
        assert ask(app, f"/{TOKEN}/about", headers={**OWN, "host": host}).status == 200


class TestTheToken:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize(
        "said",
        [
            "",
            "x",
            TOKEN[:-1],
            f"{TOKEN}x",
            TOKEN.swapcase(),
            f"{TOKEN[:-1]}\u00e9",
            f"%00{TOKEN}",
            f"{TOKEN}%00",
            f"%20{TOKEN}",
            f"./{TOKEN}",
            f"../{TOKEN}",
            f"%2e%2e/{TOKEN}",
            f"/{TOKEN}",
            f"//{TOKEN}",
            f"x/../{TOKEN}",
            f"%5c{TOKEN}",
            f";{TOKEN}",
            f"{TOKEN};x=1",
            f"%3F{TOKEN}",
            f"%23{TOKEN}",
            "%F0%9F%98%80",
            "%FF",
            "a" * 100_000,
        ],
    )
    def test_nothing_is_served_without_it(
        self, app: Any, place: Place, method: str, said: str
    ) -> None:
        for path in PATHS:
            answer = ask(app, f"/{said}{path}", method=method)
            assert answer.status == 404
            assert "has printed last" in answer.text
        assert place.clients == []

    @pytest.mark.parametrize("path", ["/", "", "/favicon.ico", "/robots.txt", "//", "/?" + TOKEN])
    def test_nor_where_a_browser_looks_by_itself(self, app: Any, path: str) -> None:
        assert ask(app, path).status == 404

    @pytest.mark.parametrize("name", ["authorization", "cookie", "x-token", "referer"])
    def test_it_counts_nowhere_else(self, app: Any, name: str) -> None:
        headers = {**OWN, name: TOKEN}

        assert ask(app, f"/about?token={TOKEN}", headers=headers).status == 404

    def test_an_answer_never_has_it(self, app: Any) -> None:
        for path in paths():
            answer = ask(app, path)
            assert TOKEN not in answer.text + str(answer.headers)

    def test_each_session_has_another_that_nobody_guesses(self) -> None:
        tokens = {new_token() for _ in range(100)}

        assert len(tokens) == 100
        assert all(len(token) == 32 and token.replace("-", "a").isascii() for token in tokens)


class TestWhatDoesAnything:
    """Whoever has seen the URL over a shoulder can still not have a page send it."""

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
    @pytest.mark.parametrize(
        "changed",
        [
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": ""},
            {"origin": f"https://{HOST}"},
            {"origin": "http://127.0.0.1"},
            {"origin": f"http://127.0.0.1:{PORT + 1}"},
            {"origin": f"http://{HOST}.evil.example"},
            {"origin": f"http://{HOST}/"},
            {"origin": f"http://evil.example http://{HOST}"},
            {"origin": "file://"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"sec-fetch-site": ""},
            {"sec-fetch-site": "Same-Origin"},
            {"content-type": ""},
            {"content-type": "text/plain"},
            {"content-type": "text/plain; application/json"},
            {"content-type": "application/x-www-form-urlencoded"},
            {"content-type": "multipart/form-data; boundary=application/json"},
            {"content-type": "application/jsonp"},
            {"content-type": "text/plain,application/json"},
        ],
    )
    def test_it_is_refused_of_another_page(
        self, app: Any, place: Place, method: str, changed: dict[str, str]
    ) -> None:
        for path in paths():
            answer = ask(app, path, method=method, headers={**OWN, **changed}, body=b"{}")
            assert answer.status == 403
            assert answer.text == "Only the console's own page may do that."
        assert place.clients == []

    @pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
    @pytest.mark.parametrize("origin", [f"http://{HOST}", f"http://localhost:{PORT}"])
    def test_its_own_page_is_answered(self, app: Any, kind: str, origin: str) -> None:
        answer = post(
            app, "graphql", {"query": "{ a }"}, **{"content-type": kind, "origin": origin}
        )

        assert (answer.status, answer.json["data"]["document"]) == (200, "{ a }")

    def test_so_is_another_program_which_says_nothing_of_pages(self, app: Any) -> None:
        headers = {"host": HOST, "content-type": "application/json"}
        body = b'{"query": "{ a }"}'

        answer = ask(app, f"/{TOKEN}/graphql", method="POST", headers=headers, body=body)

        assert answer.status == 200

    def test_no_other_page_hears_that_it_may(self, app: Any) -> None:
        """A preflight is refused, so that a browser sends nothing that needs one."""
        headers = {
            "host": HOST,
            "origin": "http://evil.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        }

        answer = ask(app, f"/{TOKEN}/graphql", method="OPTIONS", headers=headers)

        assert answer.status == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]


class TestHeaders:
    @pytest.mark.parametrize("path", [*PATHS, "/%"])
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
    @pytest.mark.parametrize("is_own", [True, False])
    def test_each_answer_says_that_it_is_for_nobody_else(
        self, app: Any, path: str, method: str, is_own: bool
    ) -> None:
        headers = OWN if is_own else {**OWN, "origin": "http://evil.example"}

        answer = ask(app, f"/{TOKEN}{path}", method=method, headers=headers, body=b"{}")

        assert HEADERS.items() <= answer.headers.items()
        assert "access-control-allow-origin" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers

    def test_so_does_a_refusal(self, app: Any) -> None:
        for answer in (ask(app, "/"), ask(app, f"/{TOKEN}/", headers={"host": "evil.example"})):
            assert HEADERS.items() <= answer.headers.items()
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"

    @pytest.mark.parametrize("path", ["/about", "/graphql"])
    def test_what_is_of_the_stack_is_kept_nowhere(self, app: Any, path: str) -> None:
        method = "POST" if path == "/graphql" else "GET"
        answer = ask(app, f"/{TOKEN}{path}", method=method, body=b'{"query": "{ a }"}')

        assert answer.headers["cache-control"] == "no-store"


class TestLinks:
    def test_one_leads_to_the_page_and_then_nowhere(self) -> None:
        gate = Gate(TOKEN, PORT)
        app = app_of(Place, gate=gate)
        link = gate.link()

        first, second = ask(app, link), ask(app, link)

        assert (first.status, first.headers["location"]) == (303, f"/{TOKEN}/")
        assert TOKEN not in link
        assert second.status == 410
        assert second.text.startswith("This link was used before. If that was not you, somebody")
        assert TOKEN not in second.text

    def test_another_name_has_none(self) -> None:
        gate = Gate(TOKEN, PORT)
        app, link = app_of(Place, gate=gate), gate.link()

        assert ask(app, link, headers={"host": "example.com"}).status == 421
        assert ask(app, link).status == 303
