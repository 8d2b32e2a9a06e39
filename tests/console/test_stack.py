"""The stack that the page shows: a client for each tenant, and a local AWS that begins anew."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from cli.doctor.findings import Finding
from cli.errors import NoStack
from console.stack import Stack
from handler.errors import ApiUnavailable, NotFound
from handler.testing import ManualClock
from tests.console.asking import TOKEN, Place, app_of, ask, post


class Finder:
    """Finds a place, and another one each time it is asked."""

    def __init__(self, *, is_local: bool = True, error: Exception | None = None) -> None:
        self.is_local = is_local
        self.error = error
        self.found: list[Place] = []
        self.is_away = False

    def __call__(self) -> Place:
        if self.is_away:
            raise NoStack("No local AWS is up.")
        self.found.append(Place(is_local=self.is_local, error=self.error))
        return self.found[-1]

    @property
    def tenants(self) -> list[list[str | None]]:
        return [[api.tenant for api in place.clients] for place in self.found]


def asks(app: Any, tenant: str = "") -> Any:
    return post(app, "graphql", {"query": "{ a }"}, **({"x-tenant": tenant} if tenant else {})).json


def test_it_is_found_once_and_has_a_client_for_each_tenant() -> None:
    finder = Finder()
    app = app_of(finder)

    for tenant in ("", "shop", "", "blog", "shop"):
        assert asks(app, tenant)["data"]["tenant"] == (tenant or None)

    assert finder.tenants == [[None, "shop", "blog"]]


def test_it_keeps_no_more_clients_than_somebody_looks_at() -> None:
    finder = Finder()
    app = app_of(finder)

    for number in range(101):
        asks(app, f"tenant-{number}")
    asks(app, "tenant-100")
    asks(app, "tenant-0")

    assert finder.tenants[0][-2:] == ["tenant-100", "tenant-0"]


def test_the_tenant_of_the_command_is_meant_where_the_page_names_none() -> None:
    app = app_of(Finder(), tenant="shop")

    assert asks(app)["data"]["tenant"] == "shop"
    assert asks(app, "blog")["data"]["tenant"] == "blog"


@pytest.mark.parametrize("tenant", ["日本", "a/b", "%", "a b", "é", "\x7f"])
def test_a_tenant_may_have_any_name(tenant: str) -> None:
    """The page says it as a URL does: a header has no such letters."""
    assert asks(app_of(Finder()), quote(tenant, safe=""))["data"]["tenant"] == tenant


def test_it_is_looked_for_when_it_is_first_asked_for() -> None:
    finder = Finder()
    Stack(finder)

    assert finder.found == []


def test_a_local_aws_that_is_away_is_looked_for_anew_and_found_when_it_is_back() -> None:
    finder = Finder(error=ApiUnavailable("It is away."))
    app = app_of(finder)
    assert asks(app)["error"]["passes"] is True

    finder.is_away = True
    for _ in range(3):
        assert asks(app)["error"] == {
            "message": "No local AWS is up.",
            "code": None,
            "data": None,
            "passes": True,
        }
    finder.is_away, finder.error = False, None

    assert asks(app)["data"]["tenant"] is None
    assert finder.tenants == [[None], [None]]


@dataclass
class Ill(Place):
    """A stack of which the doctor finds one thing that is well, and one that is not."""

    looked: Callable[[], None] = lambda: None

    def findings(self) -> Iterable[Finding]:
        yield Finding(check="region", state="ok", value="eu-central-1", expected="")
        self.looked()
        yield Finding(check="API", state="failed", value="no answer", expected="an answer")


@pytest.mark.parametrize("is_away", [False, True])
def test_a_local_aws_that_is_away_is_not_called_ill(is_away: bool) -> None:
    """The doctor has looked before he says so: what he looked at may be gone by then."""
    finder = Finder()

    def find() -> Place:
        finder()
        return Ill(looked=lambda: setattr(finder, "is_away", is_away))

    said = ask(app_of(find), f"/{TOKEN}/health").text.splitlines()

    first, *_, last = map(json.loads, said)
    assert first["finding"]["check"] == "region"
    if is_away:
        assert len(said) == 2
        assert last["error"]["message"] == "No local AWS is up."
        assert last["error"]["passes"] is True
    else:
        assert json.loads(said[1])["finding"]["state"] == "failed"
        assert last == {"isDone": True}


def test_another_stack_is_kept_it_takes_seconds_to_find() -> None:
    finder = Finder(is_local=False, error=ApiUnavailable("It is away."))
    app = app_of(finder)

    for _ in range(3):
        assert asks(app)["error"]["passes"] is True

    assert finder.tenants == [[None]]


def test_another_stack_is_found_anew_once_a_minute_where_its_key_is_refused() -> None:
    """The key of a role ends after an hour; the page goes on with the next one."""
    said: Any = {"Error": {"Code": "ExpiredTokenException", "Message": "No."}}
    finder = Finder(is_local=False, error=ClientError(said, "Ask"))
    clock = ManualClock()
    app = app_of(finder, clock=clock)

    for _ in range(12):
        assert asks(app)["error"]["code"] == "ExpiredTokenException"
        clock.advance(15)
    assert len(finder.found) == 3

    finder.error = None
    clock.advance(60)
    assert asks(app)["error"]["passes"] is True
    assert asks(app)["data"]["tenant"] is None


def test_what_is_refused_has_nothing_looked_for() -> None:
    finder = Finder(error=NotFound("It is gone."))
    app = app_of(finder)

    for _ in range(3):
        assert asks(app)["error"]["code"] == "NOT_FOUND"

    assert finder.tenants == [[None]]


def test_threads_may_use_and_forget_it_at_the_same_time() -> None:
    stack = Stack(Finder())
    failed: list[BaseException] = []
    over = threading.Event()

    def use() -> None:
        try:
            while not over.is_set():
                assert stack.client("shop") is not None
                assert stack.source is not None
        except BaseException as error:
            failed.append(error)

    def forget() -> None:
        for _ in range(20_000):
            stack.forget()
        over.set()

    threads = [threading.Thread(target=each) for each in (use, use, forget)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
