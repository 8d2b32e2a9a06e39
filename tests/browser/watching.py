"""A page of a browser that is watched: what goes wrong in it, and what it asks for elsewhere."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.browser import setup
from tests.clients.setup import chromium

WIDTHS: Final = [360, 1_280, 2_560]
# What the first paint of the list may take, over the wire.
MOST_BYTES: Final = 150_000
# How many times slower than this machine the page's own machine is: `SLOW=6 make console`.
_SLOW: Final = float(os.environ.get("SLOW", "1"))
# How long something is waited for: twice the longest pause between two looks, at least.
_PATIENCE_MS: Final = 30_000 * _SLOW
# WCAG 2.2 AA, and what it has taken over from the versions before it.
_RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_LOOK: Final = """async (tags) => {
  const found = await axe.run(document, {
    runOnly: { type: "tag", values: tags },
    resultTypes: ["violations"],
  });
  return found.violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help,
    nodes: nodes.map(({ target, html, failureSummary }) => ({ target, html, failureSummary })),
  }));
}"""


@dataclass
class Watched:
    """A page, and what was seen of it.

    Args:
        page: Playwright's.
        said: errors and warnings of the browser's console, and of scripts.
        asked: the URL of each request.
        may_say: the parts of what a test expects to be said.
    """

    page: Any
    origin: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    may_say: list[str] = field(default_factory=list)

    @property
    def unexpected(self) -> list[str]:
        """What was said, and no test expects."""
        return [each for each in self.said if not any(part in each for part in self.may_say)]

    @property
    def elsewhere(self) -> list[str]:
        """What was asked of somebody else than the console."""
        own = (self.origin, "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]

    def violations(self) -> list[str]:
        """What axe finds wrong in the page as it is now: a text for each, that says where."""
        if not self.page.evaluate("() => Boolean(window.axe)"):
            self.page.evaluate(setup.axe())
        found = self.page.evaluate(_LOOK, list(_RULES))
        return [_words(violation, node) for violation in found for node in violation["nodes"]]

    def check_accessible(self) -> None:
        """Fails, and says what and where, if axe finds anything."""
        found = self.violations()
        assert not found, "\n\n".join(found)

    def sideways(self) -> list[str]:
        """The elements that stick out of the page, where it scrolls sideways."""
        found: list[str] = self.page.evaluate(
            """() => {
              const root = document.documentElement;
              if (root.scrollWidth <= root.clientWidth) return [];
              return [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > root.clientWidth + 1)
                .map((each) => each.outerHTML.slice(0, 200));
            }"""
        )
        return found


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect as playwright_expect

    return playwright_expect(locator)


def settle(page: Any) -> None:
    """Waits until what is asked for at first is there."""
    page.wait_for_load_state("networkidle")


@contextmanager
def running_browser() -> Iterator[Any]:
    """Chromium, without a window."""
    setup.take_up()
    from playwright.sync_api import expect as playwright_expect
    from playwright.sync_api import sync_playwright

    playwright_expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


def _words(violation: Any, node: Any) -> str:
    where = " ".join(map(str, node["target"]))
    return (
        f"{violation['id']} ({violation['impact']}): {violation['help']}\n  at {where}\n"
        f"  {node['html'][:300]}\n  {node['failureSummary']}"
    )


@contextmanager
def watched(browser: Any, url: str, **options: Any) -> Iterator[Watched]:
    """A new page at a URL, in a context of its own. It fails at its end if anything went wrong.

    Args:
        options: of Playwright's `new_context`, such as `viewport` and `color_scheme`.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    if _SLOW > 1:
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOW})
    seen = Watched(page, "/".join(url.split("/")[:3]))
    page.on("console", lambda each: _hear(seen, each))
    page.on("pageerror", lambda error: seen.said.append(f"a script: {error}"))
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("websocket", lambda socket: seen.asked.append(socket.url))
    try:
        page.goto(url)
        yield seen
    finally:
        context.close()
    assert seen.unexpected == [], seen.said
    assert seen.elsewhere == []


def _hear(seen: Watched, message: Any) -> None:
    if message.type in ("error", "warning", "assert"):
        seen.said.append(f"{message.type}: {message.text} ({json.dumps(message.location)})")


class Wire:
    """How many bytes come over the wire, as the browser counts them: headers, compressed bodies."""

    def __init__(self, page: Any) -> None:
        self.sizes: dict[str, int] = {}
        self._urls: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._came)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    @property
    def total(self) -> int:
        return sum(self.sizes.values())

    def _asked(self, event: Any) -> None:
        self._urls[event["requestId"]] = event["request"]["url"]

    def _came(self, event: Any) -> None:
        url = self._urls.get(event["requestId"], event["requestId"])
        self.sizes[url] = self.sizes.get(url, 0) + int(event["encodedDataLength"])
