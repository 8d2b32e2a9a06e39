"""The log of a Lambda's process: what is logged and printed, with the ids of the task it is about.

Lambda sends each line of stdout and stderr to CloudWatch. Its Python runtime leaves the root logger
at WARNING and writes text (awslambdaric, `bootstrap._setup_logging`). Here every record of
`logging` and every printed line becomes a JSON object.

A thread has the ids of whoever started it, for as long as it lives: one that a task has left behind
never speaks for the next task. A thread pool's work has those of whoever handed it over. Outside of
a Lambda nothing is installed, and logging and printing are plain Python's.
"""

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TextIO
from weakref import WeakKeyDictionary

from handler.clock import SystemClock, to_iso
from handler.log_lines import Fields, beside, fields_of, to_lines

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

TASK_ID: Final = "task_id"
DEFINITION_ID: Final = "definition_id"
TENANT: Final = "tenant"
ITERATION: Final = "iteration"
EXECUTION_NAME: Final = "execution_name"
REQUEST_ID: Final = "request_id"
TRACE_ID: Final = "trace_id"
CODE_VERSION: Final = "code_version"
_OF_A_TASK: Final = frozenset({TASK_ID, DEFINITION_ID, TENANT, ITERATION, EXECUTION_NAME})
OWN_FIELDS: Final = _OF_A_TASK | {REQUEST_ID, TRACE_ID, CODE_VERSION}

# At DEBUG they log each request with its body, secrets included; at INFO where they found their
# credentials. A level that the author sets holds.
_CHATTY: Final = ("asyncio", "aws_lambda_powertools", "boto3", "botocore", "s3transfer", "urllib3")
# A line that has no end yet is written when it is this long.
_MAX_OPEN_LINE_BYTES: Final = 64 * 1024

# The ids of every block that is open, the newest last: for threads that nobody's ids came along to.
_about: Final[list[Fields]] = []
# Those of the block that this thread, or this piece of a pool's work, is in.
_here: Final[ContextVar[Fields | None]] = ContextVar("about", default=None)
_starters: Final[WeakKeyDictionary[threading.Thread, Fields]] = WeakKeyDictionary()
_clock: Final = SystemClock()
_log: Final = logging.getLogger(__name__)


def about_invocation(*, request_id: str, trace_id: str) -> AbstractContextManager[None]:
    """Each line that is logged or printed in the block has these ids; an empty one is left out."""
    texts = {REQUEST_ID: request_id, TRACE_ID: trace_id}
    return _Block({key: text for key, text in texts.items() if text}, keeps_others=False)


def about_task(
    *,
    task_id: object,
    definition_id: object,
    execution_name: object,
    tenant: object = None,
    iteration: int | None = None,
) -> AbstractContextManager[None]:
    """Each line that is logged or printed in the block has these ids, and the invocation's.

    So have the threads that are started in it. An id that is not a text is left out. A line that
    was printed without its end is written when the block ends.
    """
    texts = {
        TASK_ID: task_id,
        DEFINITION_ID: definition_id,
        TENANT: tenant,
        EXECUTION_NAME: execution_name,
    }
    ids: Fields = {key: text for key, text in texts.items() if isinstance(text, str) and text}
    if iteration:
        ids[ITERATION] = iteration
    return _Block(ids, keeps_others=True)


class _Block(AbstractContextManager[None]):
    """A block whose lines have ids.

    Args:
        keeps_others: whether they have the ids that are not a task's of the block around it, too.
    """

    __slots__ = ("_ids", "_keeps_others", "_token")

    def __init__(self, ids: Fields, *, keeps_others: bool) -> None:
        self._ids = ids
        self._keeps_others = keeps_others

    def __enter__(self) -> None:
        if self._keeps_others:
            others = {key: value for key, value in _ids().items() if key not in _OF_A_TASK}
            self._ids = others | self._ids
        if _Installed.log:
            _Installed.log.take_over()
        _about.append(self._ids)
        self._token = _here.set(self._ids)

    def __exit__(self, *_: object) -> None:
        if _Installed.log:
            _Installed.log.end_open_lines()
        _here.reset(self._token)
        # Not simply the last: another thread may have opened one of its own.
        del _about[next(at for at, open_ids in enumerate(_about) if open_ids is self._ids)]


def _ids() -> Fields:
    """The ids of what this thread says."""
    here = _here.get()
    if here is None:
        here = _starters.get(threading.current_thread())
    return here or next(iter(_about[-1:]), Fields())


def task_at_hand() -> str | None:
    """The id of the task whose iteration, or hook, this thread is at work for.

    It is `None` for a thread of which that is not known. In a Lambda it is known of all.
    """
    ids = _here.get() or _starters.get(threading.current_thread()) or {}
    id = ids.get(TASK_ID)
    return id if isinstance(id, str) else None


def takes(level: int) -> bool:
    """Whether a log is installed that takes lines of a level."""
    return _Installed.log is not None and _Installed.log.takes(level)


def write(level: int, message: str, fields: Mapping[str, object]) -> None:
    """Writes a line of a task's own log, where a log is installed that takes its level."""
    if _Installed.log and _Installed.log.takes(level):
        line = {"level": logging.getLevelName(level), "message": message, **fields}
        _Installed.log.write(line)


def install(*, level: str, service: str, code_version: str = "") -> None:
    """Has this process log and print JSON lines from now on. A second call changes nothing.

    Args:
        level: the root logger's, such as `"INFO"`.
        service: the Lambda's name, which is on every line.
        code_version: the deployed code's, which is on every line where it is known.
    """
    if _Installed.log:
        return
    number = logging.getLevelNamesMapping().get(level, logging.INFO)
    own: Fields = {"service": service}
    if code_version:
        own[CODE_VERSION] = code_version
    _Installed.log = _ProcessLog(sys.stdout, level=number, own=own)
    logging.getLogger().handlers.clear()  # the runtime's own would write each record again
    for name in _CHATTY:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(max(logging.WARNING, number))
    _Installed.log.take_over()
    _have_threads_inherit()


def _have_threads_inherit() -> None:
    """Has threads, and the work of thread pools, bring the ids of their starter along.

    A context variable does not come along to a thread (Python 3.13, `threading.Thread`).
    """
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    def start_inheriting(self: threading.Thread) -> None:
        if ids := _ids():
            _starters[self] = ids
        start(self)

    def submit_inheriting(pool: Any, fn: Any, /, *args: Any, **options: Any) -> Any:
        return submit(pool, _having_the_same(fn), *args, **options)

    threading.Thread.start = start_inheriting  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = submit_inheriting  # type: ignore[method-assign]


def _having_the_same(work: Callable[..., object]) -> Callable[..., object]:
    """`work` for a thread of a pool, which may live longer than an iteration."""
    ids = _ids()

    def run(*args: object, **options: object) -> object:
        token = _here.set(ids)
        try:
            return work(*args, **options)
        finally:
            _here.reset(token)

    return run


def _log_a_dead_thread(died: threading.ExceptHookArgs) -> None:
    """What Python prints in many lines when a thread ends with an exception, in one."""
    if died.exc_type is SystemExit:
        return
    name = died.thread.name if died.thread else "?"
    trace = (died.exc_type, died.exc_value or died.exc_type(), died.exc_traceback)
    _log.error('The thread "%s" ended with an exception.', name, exc_info=trace)


class _Installed:
    log: "_ProcessLog | None" = None


class _ProcessLog:
    """Writes lines to what was stdout when the process started."""

    def __init__(self, stream: TextIO, *, level: int, own: Fields) -> None:
        self._stream = stream
        self._level = level
        self._own = own
        self._handler = _Records(self)
        self._printed = {
            name: _Printed(self, name=name, level=given, fileno=_fileno_of(getattr(sys, name)))
            for name, given in (("stdout", "INFO"), ("stderr", "WARNING"))
        }
        self._streams = {name: _text_stream(raw) for name, raw in self._printed.items()}

    def take_over(self) -> None:
        """Puts back what an iteration has changed of logging, of stdout and of stderr.

        `logging.basicConfig(force=True)`, for one, puts a handler that prints in this one's place.
        """
        root = logging.getLogger()
        for other in list(root.handlers):
            if getattr(other, "stream", None) in (self._stream, *self._streams.values()):
                root.removeHandler(other)
        if self._handler not in root.handlers:
            root.addHandler(self._handler)
        root.setLevel(self._level)
        logging.captureWarnings(True)
        threading.excepthook = _log_a_dead_thread
        sys.stdout, sys.stderr = self._streams["stdout"], self._streams["stderr"]

    def end_open_lines(self) -> None:
        for stream in self._streams.values():
            stream.flush()
        for raw in self._printed.values():
            raw.end_open_lines()

    def takes(self, level: int) -> bool:
        return level >= self._level

    def write(self, fields: Mapping[str, object], ids: Fields | None = None) -> None:
        """Writes a line. No line is worth a task: what goes wrong here is passed over.

        Args:
            ids: whose line it is; by default those of this thread.
        """
        own = {"timestamp": to_iso(_clock.now()), **self._own}
        try:
            whole = beside(_ids() if ids is None else ids, {**own, **fields})
            lines = [f"{line}\n" for line in to_lines(whole)]
            self._handler.acquire()  # logging renews its locks in a forked process
            try:
                self._put("".join(lines))
            finally:
                self._handler.release()
        except Exception:
            return

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:  # half a surrogate pair, or a stream that takes less than UTF-8
            self._stream.write("".join(map(_ascii, text)))
        self._stream.flush()


class _Records(logging.Handler):
    """The root logger's handler."""

    def __init__(self, log: _ProcessLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields = fields_of(record)
        except Exception as error:  # a record that is none: somebody has made it by hand
            message = f"A record of {record.name} can't be read: {type(error).__name__}"
            fields = {"level": "ERROR", "message": message}
        self._log.write(fields)


class _Printed(io.RawIOBase):
    """What stdout or stderr is written to: it hands on whole lines, and keeps a thread's own."""

    def __init__(self, log: _ProcessLog, *, name: str, level: str, fileno: int | None) -> None:
        self._log = log
        self.name = name
        self._level = level
        self._fileno = fileno
        # By thread, each with the ids of when it was begun.
        self._open_lines: dict[int, tuple[bytes, Fields]] = {}
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer") -> int:
        given, thread = bytes(data), threading.get_ident()
        with self._lock:
            begun, ids = self._open_lines.pop(thread, (b"", _ids()))
            *lines, rest = (begun + given).split(b"\n")
            if len(rest) >= _MAX_OPEN_LINE_BYTES:
                lines.append(rest)
            elif rest:
                self._open_lines[thread] = (rest, ids)
        for line in lines:
            self._hand_on(line, ids)
        return len(given)

    def end_open_lines(self) -> None:
        with self._lock:
            lines = list(self._open_lines.values())
            self._open_lines.clear()
        for line, ids in lines:
            self._hand_on(line, ids)

    def fileno(self) -> int:
        """The process's own: what a program that the task starts writes has no ids."""
        if self._fileno is None:
            raise io.UnsupportedOperation("fileno")
        return self._fileno

    def close(self) -> None:
        """Stays open: a task that closes stdout would close it for all that come after."""

    def _hand_on(self, line: bytes, ids: Fields) -> None:
        if text := line.decode(errors="replace").rstrip("\r"):
            printed = {"level": self._level, "message": text, "stream": self.name}
            self._log.write(_structured(text) or printed, ids)


def _structured(text: str) -> Fields | None:
    """The fields of a line that is a log line in JSON already, or a metric for CloudWatch."""
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_line = {"level", "message"} <= found.keys()
    return found if is_line or "_aws" in found else None


def _text_stream(raw: _Printed) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        raw,
        encoding="utf-8",
        errors="backslashreplace",
        newline="",
        write_through=True,
    )


def _fileno_of(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def _ascii(character: str) -> str:
    return character if character.isascii() else json.dumps(character)[1:-1]
