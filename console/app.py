"""The console's server: the page, its files, and what the page asks for."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from console import answers, files, health
from console.executions import Executions
from console.gate import Gate
from console.payloads import payload
from console.schedules import Schedules, prefix_of
from console.stack import Finding, Stack
from handler.errors import InvalidInput

# A request of the page's: an input has 10 MB at most, in a document.
_MAX_BODY_BYTES: Final = 12 * 1024 * 1024

# What the doctor says of a thing that is not as it should be, or that he could not look at.
_TROUBLES: Final = frozenset({"failed", "unknown", "warning"})

Answer = Callable[[], Any]


class Console:
    """What the page asks for.

    Args:
        version: the project's, for people.
    """

    def __init__(self, stack: Stack, gate: Gate, *, version: str) -> None:
        self._stack = stack
        self._gate = gate
        self._version = version
        self._executions = Executions(stack)

    def app(self) -> Starlette:
        """The ASGI application."""
        root = f"/{self._gate.token}"
        return Starlette(
            routes=[
                Route(f"{root}/", self._page),
                Route(f"{root}/files/{{name:path}}", self._file),
                Route(f"{root}/graphql", self._graphql, methods=["POST"]),
                Route(f"{root}/about", self._about),
                Route(f"{root}/executions", self._execution),
                Route(f"{root}/payload", self._payload),
                Route(f"{root}/schedules", self._all_schedules),
                Route(f"{root}/schedules/{{name}}/{{verb}}", self._schedule, methods=["POST"]),
                Route(f"{root}/queues", self._queues),
                Route(f"{root}/functions", self._functions),
                Route(f"{root}/health", self._health),
            ],
            middleware=[
                Middleware(BaseHTTPMiddleware, dispatch=self._gate),
                Middleware(GZipMiddleware, minimum_size=1_000),
            ],
        )

    async def _page(self, _: Request) -> Response:
        """The page: where the stack can't be found, it says so, and goes on looking for it."""
        try:
            known = await run_in_threadpool(self._known)
        except Exception as error:
            known = {"failure": answers.failure_of(error)}
        return files.page(known)

    async def _file(self, request: Request) -> Response:
        found = files.file(request.path_params["name"], known=request.headers.get("if-none-match"))
        return found or PlainTextResponse("There is no such file.", status_code=404)

    async def _about(self, _: Request) -> Response:
        return await self._answered(self._known)

    async def _graphql(self, request: Request) -> Response:
        body, size = bytearray(), 0
        async for part in request.stream():
            size += len(part)
            if size <= _MAX_BODY_BYTES:  # what is more is read, so that the page hears why
                body += part
        if size > _MAX_BODY_BYTES:
            return answers.refused(
                InvalidInput(
                    f"The request has {size:,} bytes; the console takes {_MAX_BODY_BYTES:,}."
                    " Next: trigger it from code, with a smaller input."
                )
            )
        # A header has no letters but the Latin ones: the page says it as a URL does.
        tenant = unquote(request.headers.get("x-tenant", ""))
        return await self._answered(lambda: self._asked(bytes(body), tenant))

    async def _execution(self, request: Request) -> Response:
        asked = request.query_params
        tenant = asked.get("tenant") or None
        return await self._answered(
            lambda: self._executions.page(
                asked.get("task", ""),
                asked.get("name", ""),
                tenant=tenant,
                after=asked.get("after"),
            )
        )

    async def _payload(self, request: Request) -> Response:
        asked = request.query_params
        tenant = asked.get("tenant") or None
        return await self._answered(
            lambda: payload(
                self._stack, asked.get("task", ""), asked.get("which", ""), tenant=tenant
            )
        )

    def _asked(self, body: bytes, tenant: str) -> Mapping[str, Any]:
        try:
            said = json.loads(body)
            query, variables = said["query"], said.get("variables")
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput('The body is no JSON object with a "query".') from error
        return self._stack.client(tenant).graphql(
            query, variables, repeats=bool(said.get("repeats"))
        )

    async def _all_schedules(self, _: Request) -> Response:
        return await self._answered(lambda: self._schedules.all(self._stack.clock.now()))

    async def _schedule(self, request: Request) -> Response:
        name, verb = request.path_params["name"], request.path_params["verb"]
        if verb not in ("pause", "resume"):
            return PlainTextResponse("A schedule is paused or resumed.", status_code=404)
        return await self._answered(
            lambda: getattr(self._schedules, verb)(name, self._stack.clock.now())
        )

    async def _queues(self, _: Request) -> Response:
        return await self._answered(
            lambda: health.queues(self._stack.source, self._stack.clock.now())
        )

    async def _functions(self, _: Request) -> Response:
        return await self._answered(lambda: health.functions(self._stack.source))

    async def _health(self, _: Request) -> Response:
        return StreamingResponse(
            health.findings(self._found),
            media_type="application/x-ndjson",
            headers={"cache-control": "no-store"},
        )

    def _found(self) -> Iterable[Finding]:
        """What the doctor finds. He calls a stack ill that is away: so it is looked for as well."""
        self._stack.forget()
        try:
            for finding in self._stack.source.findings():
                if finding.state in _TROUBLES:
                    self._stack.forget()
                    _ = self._stack.source
                yield finding
        except Exception as error:
            if answers.may_have_moved(error):
                self._stack.forget()
            raise

    @property
    def _schedules(self) -> Schedules:
        source = self._stack.source
        return Schedules(source.aws("scheduler"), prefix=prefix_of(source.outputs))

    def _known(self) -> Mapping[str, Any]:
        source = self._stack.source
        return {
            "name": source.name,
            "isLocal": source.is_local,
            "tenant": self._stack.tenant,
            "version": self._version,
            "links": source.outputs.get("console") or {},
        }

    async def _answered(self, answer: Answer) -> Response:
        """What `answer` returns, as JSON; what it raises, as words that the page shows."""
        try:
            # A large one takes a while to write, and one that is nested deeply can't be written.
            return await run_in_threadpool(lambda: answers.answered(answer()))
        except Exception as error:  # whatever it is, the page gets an answer
            if answers.may_have_moved(error):
                self._stack.forget(has_old_key=answers.has_old_key(error))
            return answers.refused(error)
