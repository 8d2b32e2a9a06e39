"""The page of GraphiQL: what is served, and from where its parts are."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from handler import api, graphiql
from tests.handler.stack import lambda_context

FOLDER = Path(graphiql.__file__).parent
VENDOR = FOLDER / "vendor"
PAGE = "GET /graphql"
FILE = "GET /graphql/{file}"


def got(route: str, name: str | None = None) -> Any:
    """What the API's Lambda answers, without a table or anything else of a stack."""
    event = {"routeKey": route, "pathParameters": {"file": name} if name else None}
    return api.handler(event, lambda_context(30))


def test_the_page_is_html_that_nothing_keeps() -> None:
    answer = got(PAGE)
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
    assert answer["headers"]["cache-control"] == "no-store"
    assert "GraphiQL" in answer["body"]


def test_all_that_the_page_loads_is_served_beside_it_and_nothing_is_from_elsewhere() -> None:
    page = got(PAGE)["body"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) == 7
    for link in loaded:
        folder, _, name = link.partition("/")
        answer = got(FILE, name)
        assert (folder, answer["statusCode"]) == ("graphql", 200)
        assert len(answer["body"]) < 1_500_000
    own = page + got(FILE, "page.js")["body"] + got(FILE, "page.css")["body"]
    assert "//" not in re.sub(r"// .*", "", own).replace("execute-api\\.", "")


@pytest.mark.parametrize("name", ["page.js", "page.css", "graphiql.min.js"])
def test_a_file_has_its_type_and_is_kept_for_an_hour(name: str) -> None:
    headers = got(FILE, name)["headers"]
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    assert headers["content-type"] == f"{kind}; charset=utf-8"
    assert headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize(
    "name",
    ["", "page.html", "__init__.py", "../api.py", "..%2Fapi.py", "vendor/README.md", "\0", "x" * 9],
)
def test_nothing_else_is_served(name: str) -> None:
    answer = got(FILE, name)
    assert (answer["statusCode"], answer["body"]) == (404, "There is no such file.")


@pytest.mark.parametrize(("route", "name"), [(PAGE, None), (FILE, "page.js"), (FILE, "nope")])
def test_no_script_or_request_of_the_page_is_another_sites(route: str, name: str | None) -> None:
    policy = got(route, name)["headers"]["content-security-policy"]
    said = dict(each.strip().partition(" ")[::2] for each in policy.split(";"))
    assert said["default-src"] == said["frame-ancestors"] == said["form-action"] == "'none'"
    assert said["script-src"] == said["connect-src"] == "'self'"


def test_the_files_of_other_projects_are_those_that_their_packages_have() -> None:
    rows = re.findall(
        r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (VENDOR / "README.md").read_text(), re.M
    )
    hashes = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix in (".js", ".css")
    }
    assert dict(rows) == hashes


def test_each_of_these_projects_has_its_licence_beside_it() -> None:
    packages = re.findall(r"^\| `[^`]+` \| (\S+) \S+ \|", (VENDOR / "README.md").read_text(), re.M)
    assert set(packages) == {"graphiql", "react", "react-dom", "aws4fetch"}
    for package in packages:
        assert "Copyright" in (VENDOR / f"LICENSE.{package}.txt").read_text()
