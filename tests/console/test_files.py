"""What the page loads: its own files, as they are, and nothing from elsewhere."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import files
from tests.console.asking import TOKEN, Place, app_of, ask

PAGE = Path(files.__file__).with_name("page")
SERVED = sorted(
    path.relative_to(PAGE).as_posix()
    for path in PAGE.rglob("*")
    if path.suffix in (".css", ".js", ".mjs", ".svg")
)
MODULES = [name for name in SERVED if name.endswith((".js", ".mjs"))]
# What is said in the place of a script's own text.
NASTY = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "\u2028\u2029",
    "\u0000",
    "{{imports}}",
    "{{about}}",
    "${1}",
    "&lt;/script&gt;",
    '"}</SCRIPT ><img src=x onerror=alert(1)>',
]


class Elements(HTMLParser):
    """The elements of a page, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.links: list[str] = []
        self.names: list[str] = []
        self._script: dict[str, str | None] | None = None
        self._text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = dict(attributes)
        self.names.append(tag)
        self.links += [str(said[name]) for name in ("src", "href") if name in said]
        if tag == "script":
            self._script, self._text = said, ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._script is not None:
            self.scripts.append((self._script, self._text))
            self._script = None


def page_of(name: str) -> Any:
    return ask(app_of(lambda: Place(name=name)), f"/{TOKEN}/")


class TestThePage:
    def test_the_policy_lets_in_its_own_files_and_the_map_of_names_as_it_is_served(
        self, app: Any
    ) -> None:
        answer = ask(app, f"/{TOKEN}/")
        [imports] = [
            text for said, text in Elements(answer.text).scripts if said.get("type") == "importmap"
        ]

        found = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()

        policy = dict(
            each.strip().partition(" ")[::2]
            for each in answer.headers["content-security-policy"].split(";")
        )
        assert policy == {
            "default-src": "'none'",
            "script-src": f"'self' 'sha256-{found}'",
            "style-src": "'self'",
            "img-src": "'self'",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "'none'",
        }

    def test_the_map_leads_to_files_that_there_are(self, app: Any) -> None:
        scripts = Elements(ask(app, f"/{TOKEN}/").text).scripts
        [imports] = [json.loads(text) for said, text in scripts if said.get("type") == "importmap"]

        for path in imports["imports"].values():
            assert ask(app, f"/{TOKEN}/{path.removeprefix('./')}").status == 200

    def test_it_has_no_script_of_its_own_text_and_no_style(self, app: Any) -> None:
        text = ask(app, f"/{TOKEN}/").text
        elements = Elements(text)

        running = [said for said, _ in elements.scripts if said.get("type") == "module"]
        assert running == [{"type": "module", "src": "files/main.js"}]
        assert "style" not in elements.names
        assert not re.search(r"\s(on\w+|style)=", text)

    def test_what_it_loads_is_there(self, app: Any) -> None:
        links = Elements(ask(app, f"/{TOKEN}/").text).links

        assert len(links) > 5
        for link in links:
            assert ask(app, f"/{TOKEN}/{link}").status == 200, link

    @pytest.mark.parametrize("name", NASTY)
    def test_a_name_ends_no_element_whatever_it_is(self, name: str) -> None:
        elements = Elements(page_of(name).text)
        about = [json.loads(text) for said, text in elements.scripts if said.get("id") == "about"]

        assert [each["name"] for each in about] == [name]
        assert elements.names == Elements(page_of("a").text).names

    @given(st.text())
    def test_nor_does_any_other(self, name: str) -> None:
        elements = Elements(files.page({"name": name}).body.decode())  # type: ignore[union-attr]
        about = [json.loads(text) for said, text in elements.scripts if said.get("id") == "about"]

        assert [each["name"] for each in about] == [name]

    def test_a_stack_that_is_not_found_is_said_in_the_page(self) -> None:
        def find() -> Place:
            raise RuntimeError("</script> it is gone")

        answer = ask(app_of(find), f"/{TOKEN}/")

        assert answer.status == 200
        scripts = Elements(answer.text).scripts
        [about] = [json.loads(text) for said, text in scripts if said.get("id") == "about"]
        assert about["failure"]["message"] == "RuntimeError: </script> it is gone"
        assert about["failure"]["passes"] is True


class TestFiles:
    def test_all_of_the_page_is_served(self) -> None:
        assert files.names() == set(SERVED)

    @pytest.mark.parametrize("name", SERVED)
    def test_each_as_it_is_with_its_type(self, app: Any, name: str) -> None:
        answer = ask(app, f"/{TOKEN}/files/{name}")

        kinds = {"js": "text/javascript", "mjs": "text/javascript", "css": "text/css"}
        kind = kinds.get(name.rpartition(".")[2], "image/svg+xml")
        assert answer.status == 200
        assert answer.headers["content-type"].partition(";")[0] == kind
        assert answer.body == (PAGE / name).read_bytes()
        # A script of the page that is opened by itself is no page.
        assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("name", SERVED)
    def test_a_browser_asks_anew_and_takes_what_has_changed_alone(
        self, app: Any, name: str
    ) -> None:
        path = f"/{TOKEN}/files/{name}"
        tag = ask(app, path).headers["etag"]

        again = ask(app, path, headers={"host": "127.0.0.1:4580", "if-none-match": tag})
        other = ask(app, path, headers={"host": "127.0.0.1:4580", "if-none-match": '"other"'})

        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "no-cache"
        assert (other.status, other.headers["etag"]) == (200, tag)

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "/",
            ".",
            "..",
            "../app.py",
            "%2e%2e/app.py",
            "..%2fapp.py",
            "%2e%2e%2fapp.py",
            "..%5capp.py",
            "vendor/../../app.py",
            "vendor/../main.js",
            "vendor/%2e%2e/main.js",
            "./main.js",
            "//main.js",
            "main.js/",
            "main.js%00",
            "main.js%00.css",
            "main.js%20",
            "MAIN.JS",
            "index.html",
            "vendor",
            "vendor/",
            "vendor/README.md",
            "vendor/LICENSE.htm.txt",
            "/etc/passwd",
            "%2fetc%2fpasswd",
            quote(str(PAGE / "main.js")),
            "../../../../../../etc/passwd",
            "main.js;x",
            "\u00e9",
            "%FF",
        ],
    )
    def test_nothing_else_is(self, app: Any, name: str) -> None:
        answer = ask(app, f"/{TOKEN}/files/{name}")

        assert (answer.status, answer.text) == (404, "There is no such file.")

    @given(st.text())
    def test_whatever_is_asked_for(self, name: str) -> None:
        found = files.file(name, known=None)

        assert (found is not None) is (name in SERVED)


class TestVendor:
    ROWS = re.findall(
        r"^\| `([\w.]+)` \| (\w+) ([\d.]+) \|.*\| `([0-9a-f]{64})` \|$",
        (PAGE / "vendor" / "README.md").read_text(),
        re.MULTILINE,
    )

    def test_each_file_of_others_is_listed(self) -> None:
        there = {path.name for path in (PAGE / "vendor").glob("*.mjs")}

        assert {file for file, *_ in self.ROWS} == there

    @pytest.mark.parametrize(("file", "package", "version", "digest"), ROWS)
    def test_it_is_what_its_hash_says_and_has_its_licence(
        self, file: str, package: str, version: str, digest: str
    ) -> None:
        found = hashlib.sha256((PAGE / "vendor" / file).read_bytes()).hexdigest()

        assert found == digest
        assert (PAGE / "vendor" / f"LICENSE.{package}.txt").read_text().strip()


def imports_of(name: str) -> list[str]:
    """What a module imports, as it says it."""
    text = (PAGE / name).read_text()
    return re.findall(
        r"""(?:^(?:import|export|\}) .*?from |^import |\bimport\()"([^"]+)";?""", text, re.MULTILINE
    )


class TestModules:
    @pytest.mark.parametrize("name", MODULES)
    def test_each_import_is_there(self, name: str) -> None:
        for said in imports_of(name):
            if said in ("preact", "preact/hooks", "htm"):
                continue
            assert said.startswith("."), f"{name} imports {said}"
            assert ((PAGE / name).parent / said).resolve().is_relative_to(PAGE)
            assert ((PAGE / name).parent / said).is_file(), f"{name} imports {said}"

    @pytest.mark.parametrize("name", ["index.html", *SERVED])
    def test_nothing_names_another_host(self, name: str) -> None:
        text = (PAGE / name).read_text()

        hosts = set(re.findall(r"(?:https?:)?//([\w-]+(?:\.[\w-]+)+)", text))
        # The names of XML's kinds, the links into AWS that are made of a region, and an example.
        assert hosts <= {"www.w3.org", "console.aws.amazon.com", "example.com"}

    @pytest.mark.parametrize("name", [name for name in SERVED if not name.startswith("vendor/")])
    def test_nothing_makes_elements_or_code_of_text(self, name: str) -> None:
        text = (PAGE / name).read_text()

        words = r"\b(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|srcdoc|eval)\b"
        assert not re.search(words, text)
        assert not re.search(r"\bnew Function\b|document\.write|javascript:|@import", text)

    def test_each_module_is_reached_from_the_first(self) -> None:
        reached, waiting = set[str](), ["main.js"]
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached.add(name)
            waiting += [
                ((PAGE / name).parent / said).resolve().relative_to(PAGE).as_posix()
                for said in imports_of(name)
                if said.startswith(".")
            ]

        own = {name for name in MODULES if not name.startswith("vendor/")}
        assert own - reached == set()
