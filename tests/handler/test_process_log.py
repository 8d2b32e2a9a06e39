"""What a Lambda's process logs and prints is JSON lines, with the ids of the task it is about."""

import json
import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from handler import Context, Done, task, testing

# Each test starts a process.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
# What awslambdaric's `_setup_logging` does before the handler is imported.
RUNTIME = """
import logging, sys
class LambdaLoggerHandler(logging.Handler):
    def emit(self, record):
        sys.stdout.write(f"[RUNTIME] {record.getMessage()}\\n")
logging.getLogger().addHandler(LambdaLoggerHandler())
from handler.process_log import about_task
from handler.runtime import logger
engine = logger()
log = logging.getLogger("author")
def about(task_id, iteration=1):
    return about_task(
        task_id=task_id, definition_id="d1", execution_name="e1", iteration=iteration
    )
"""
IDS = {"task_id": "t1", "definition_id": "d1", "execution_name": "e1", "iteration": 1}

KNOWN = {*IDS, "tenant", "request_id", "trace_id"}

Line = dict[str, Any]


def run(program: str, **environment: str) -> list[Line]:
    """Runs a program as a Lambda's process, and reads each line that it writes."""
    printed = output_of(
        RUNTIME + textwrap.dedent(program),
        AWS_LAMBDA_FUNCTION_NAME="worker",
        POWERTOOLS_SERVICE_NAME="worker",
        **environment,
    )
    return [json.loads(line) for line in printed.splitlines()]


def output_of(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


def with_ids(lines: list[Line], ids: Line = IDS) -> list[Line]:
    return [line for line in lines if ids.items() <= line.items()]


def messages(lines: list[Line]) -> list[str]:
    return [line["message"] for line in lines]


def test_every_way_to_log_and_to_print_is_a_line_with_the_ids() -> None:
    lines = run(
        """
        import asyncio, threading, warnings
        from handler.definition.event_loop import run_to_the_end
        async def in_a_loop():
            log.info("in a loop")
            await asyncio.to_thread(print, "in a pool")
        with about("t1"):
            log.info("an info")
            logging.error("the root logger")
            print("printed")
            print("to stderr", file=sys.stderr)
            sys.stdout.buffer.write(b"as bytes\\n")
            sys.stdout.writelines(["many\\n", "lines\\n"])
            warnings.warn("careful")
            thread = threading.Thread(target=lambda: (print("in a thread"), log.info("there")))
            thread.start(); thread.join()
            asyncio.run(in_a_loop())
            run_to_the_end(in_a_loop())
        """
    )

    said = messages(with_ids(lines))
    assert with_ids(lines) == lines
    assert [text for text in said if "careful" not in text] == [
        "an info", "the root logger", "printed", "to stderr", "as bytes", "many", "lines",
        "in a thread", "there", "in a loop", "in a pool", "in a loop", "in a pool",
    ]  # fmt: skip
    assert ["UserWarning: careful\n" in text for text in said].count(True) == 1


@pytest.mark.parametrize(
    ("level", "logged"),
    [("DEBUG", ["debug", "info", "warning"]), ("INFO", ["info", "warning"]), ("ERROR", [])],
)
def test_the_level_is_that_of_the_stack_and_prints_are_always_there(
    level: str, logged: list[str]
) -> None:
    lines = run(
        """
        with about("t1"):
            for name in ("debug", "info", "warning"):
                getattr(log, name)(name)
            print("printed")
        """,
        POWERTOOLS_LOG_LEVEL=level,
    )

    assert messages(lines) == [*logged, "printed"]


def test_the_runtimes_own_handler_does_not_write_each_line_again() -> None:
    lines = run('log.warning("once")')

    assert messages(lines) == ["once"]


def test_a_line_outside_of_an_iteration_has_no_ids() -> None:
    lines = run(
        """
        print("before")
        with about("t1"):
            pass
        engine.info("after")
        """
    )

    assert messages(lines) == ["before", "after"]
    assert all(not IDS.keys() & line.keys() for line in lines)


def test_ids_end_with_their_block_also_after_an_exception_and_inside_of_another() -> None:
    lines = run(
        """
        with about("parent"):
            try:
                with about("t1"):
                    raise ValueError
            except ValueError:
                print("parent's")
        print("nobody's")
        """
    )

    assert [line.get("task_id") for line in lines] == ["parent", None]


LEFT_BEHIND = """
import os, threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.dummy import Pool
go, done = threading.Event(), threading.Event()
def work():
    go.wait()
    log.info("late")
    print("late, and ", end="")
    print("printed")
    done.set()
class Own(threading.Thread):
    def run(self):
        work()
pool = ThreadPoolExecutor(1)
"""


@pytest.mark.parametrize(
    "leave",
    [
        "threading.Thread(target=work, daemon=True).start()",
        "threading.Timer(0, work).start()",
        "Own(daemon=True).start()",
        "pool.submit(work)",
        "next(iter([pool.map(lambda _: work(), [1])]))",
        "Pool(1).apply_async(work)",
        "threading.Thread(target=lambda: threading.Thread(target=work).start()).start()",
    ],
)
def test_what_a_task_leaves_behind_never_speaks_for_the_next(leave: str) -> None:
    lines = run(
        f"""{textwrap.indent(LEFT_BEHIND, " " * 8)}
        with about("t1"):
            {leave}
        with about("t2"):
            log.info("next")
            go.set(); done.wait()
            log.info("still the next")
        os._exit(0)  # Python's own end says more: of a pool that is still open, for one
        """
    )

    assert {(line["message"], line["task_id"]) for line in lines} == {
        ("next", "t2"),
        ("late", "t1"),
        ("late, and printed", "t1"),
        ("still the next", "t2"),
    }


def test_the_work_of_a_pool_that_is_kept_is_its_givers() -> None:
    lines = run(
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        for task_id in ("t1", "t2"):
            with about(task_id):
                pool.submit(log.info, "by a pool").result()
                list(pool.map(print, ["mapped"]))
        pool.submit(log.info, "nobody's").result()
        """
    )

    assert [(line["message"], line.get("task_id")) for line in lines] == [
        ("by a pool", "t1"),
        ("mapped", "t1"),
        ("by a pool", "t2"),
        ("mapped", "t2"),
        ("nobody's", None),
    ]


def test_a_thread_that_was_there_before_speaks_for_whoever_runs() -> None:
    lines = run(
        """
        import logging.handlers, queue
        listener = logging.handlers.QueueListener(queue.Queue(), logging.getLogger().handlers[0])
        listener.start()
        queued = logging.getLogger("queued")
        queued.addHandler(logging.handlers.QueueHandler(listener.queue))
        queued.propagate = False
        with about("t1"):
            queued.warning("queued")
            listener.stop()
        """
    )

    assert messages(with_ids(lines)) == ["queued"]


def test_a_hook_in_a_thread_of_its_own_changes_no_ids_of_the_iteration_beside_it() -> None:
    lines = run(
        """
        import threading
        inside, goes_on = threading.Event(), threading.Event()
        def abort_another():
            with about("t2"):
                log.info("a hook of another")
                inside.set(); goes_on.wait()
        with about("t1"):
            thread = threading.Thread(target=abort_another)
            thread.start(); inside.wait()
            log.info("meanwhile")
            threading.Thread(target=log.info, args=("in a thread",)).start()
            goes_on.set(); thread.join()
        """
    )

    assert [(line["message"], line["task_id"]) for line in lines] == [
        ("a hook of another", "t2"),
        ("meanwhile", "t1"),
        ("in a thread", "t1"),
    ]


def test_a_thread_that_ends_with_an_exception_is_one_line_with_its_trace() -> None:
    [line] = run(
        """
        import threading
        def fail():
            raise ValueError("no")
        with about("t1"):
            thread = threading.Thread(target=fail, name="reader")
            thread.start(); thread.join()
            leaver = threading.Thread(target=sys.exit)
            leaver.start(); leaver.join()
        """
    )

    assert line["message"] == 'The thread "reader" ended with an exception.'
    assert line["exception"].endswith("ValueError: no")
    assert IDS.items() <= line.items()


@pytest.mark.parametrize("end", ["\\n", "\\r\\n", "\\x0b", "\\x85", "\\u2028", "\\u2029"])
def test_a_message_of_many_lines_is_one_line(end: str) -> None:
    [line] = run(
        f"""
        with about("t1"):
            log.info("one{end}two", extra={{"three{end}": "four{end}"}})
        """
    )

    assert len(line["message"].splitlines()) == 2


def test_the_code_and_the_invocation_are_on_each_line_and_the_task_keeps_to_its_block() -> None:
    lines = run(
        """
        import os
        from types import SimpleNamespace
        from handler.process_log import about_invocation
        def invoke(number):
            return about_invocation(request_id=f"r{number}", trace_id="1-2-3" if number < 3 else "")
        with invoke(1), about("t1"), about_task(
            task_id="t2", definition_id="d2", execution_name=None, tenant="acme"
        ):
            log.info("nested")
        with invoke(2):
            log.info("no task")
        with invoke(3):
            log.info("no trace")
        log.info("no invocation")
        """,
        CODE_VERSION="abc123",
    )

    assert {line["code_version"] for line in lines} == {"abc123"}
    first, *others = ({key: line[key] for key in line if key in KNOWN} for line in lines)
    ids = {"task_id": "t2", "definition_id": "d2", "tenant": "acme"}
    assert first == ids | {"request_id": "r1", "trace_id": "1-2-3"}
    assert others == [{"request_id": "r2", "trace_id": "1-2-3"}, {"request_id": "r3"}, {}]


def test_a_line_without_its_end_is_written_with_its_iteration() -> None:
    lines = run(
        """
        with about("t1"):
            print("no end", end="")
        with about("t2"):
            print("the next one's")
        """
    )

    assert [(line["task_id"], line["message"]) for line in lines] == [
        ("t1", "no end"),
        ("t2", "the next one's"),
    ]


def test_lines_of_two_threads_do_not_mix() -> None:
    lines = run(
        """
        import threading
        def say(name):
            for number in range(200):
                print(name, number, "of", 200)
        with about("t1"):
            threads = [threading.Thread(target=say, args=(name,)) for name in "abcd"]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
        """
    )

    assert sorted(messages(with_ids(lines))) == sorted(
        f"{name} {number} of 200" for name in "abcd" for number in range(200)
    )


@pytest.mark.parametrize(
    "change",
    [
        "logging.basicConfig(level=logging.ERROR, force=True)",
        "logging.getLogger().handlers.clear()",
        "logging.getLogger().setLevel(logging.CRITICAL)",
        "logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))",
        "sys.stdout.close(); sys.stderr.close()",
        "sys.stdout = sys.stderr = open('/dev/null', 'w')",
        "sys.stdout = sys.stderr = None",
    ],
)
def test_what_a_task_does_to_logging_and_printing_is_undone_for_the_next(change: str) -> None:
    lines = run(
        f"""
        with about("t0"):
            {change}
        with about("t1"):
            log.info("logged")
            print("printed")
        """
    )

    assert messages(with_ids(lines)) == ["logged", "printed"]


def test_what_is_logged_after_basic_config_is_there_with_the_ids() -> None:
    lines = run(
        """
        with about("t1"):
            logging.basicConfig(level=logging.INFO, force=True)
            log.info("mine")
        """
    )

    assert messages(with_ids(lines)) == ["INFO:author:mine"]


def test_libraries_of_aws_do_not_flood_a_log_unless_the_author_asks() -> None:
    lines = run(
        """
        logging.getLogger("boto3").setLevel(logging.DEBUG)
        with about("t1"):
            logging.getLogger("botocore.parsers").debug("the body")
            logging.getLogger("botocore.credentials").info("found")
            logging.getLogger("botocore.retries").warning("throttled")
            logging.getLogger("boto3.resources").debug("asked for")
        """,
        POWERTOOLS_LOG_LEVEL="DEBUG",
    )

    assert messages(with_ids(lines)) == ["throttled", "asked for"]


def test_a_printed_log_line_keeps_its_fields_and_gets_the_ids() -> None:
    printed = {"level": "ERROR", "message": "structured", "order": 7, "iteration": 9}

    [line] = run(
        f"""
        with about("t1"):
            print({json.dumps(printed)!r})
        """
    )

    assert IDS.items() <= line.items()
    assert {"level": "ERROR", "message": "structured", "order": 7}.items() <= line.items()
    assert line["extra_iteration"] == 9


def test_a_printed_metric_stays_one() -> None:
    metric = {"_aws": {"CloudWatchMetrics": []}, "Orders": 1, "service": "mine"}

    [line] = run(
        f"""
        with about("t1"):
            print({json.dumps(metric)!r})
        """
    )

    assert metric.items() <= line.items()
    assert "message" not in line


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]", "5", "null", "ünï 😀", "a\\tb", "NaN"])
def test_any_other_text_is_the_message_as_it_is(text: str) -> None:
    [printed, logged] = run(
        f"""
        with about("t1"):
            print({text!r})
            log.info({text!r})
        """
    )

    assert (printed["message"], logged["message"]) == (text, text)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_text_is_written_whatever_the_stream_takes(encoding: str) -> None:
    [first, second] = run(
        """
        with about("t1"):
            log.info("\\u00fc \\U0001f600 \\ud800")
            print("\\u00fc \\U0001f600")
        """,
        PYTHONIOENCODING=encoding,
    )

    assert first["message"] == "ü 😀 \ud800"
    assert second["message"] == "ü 😀"


def test_what_cannot_be_logged_costs_no_task() -> None:
    lines = run(
        """
        class Odd:
            def __str__(self):
                raise ValueError("no")
            __repr__ = __str__
        around = []
        around.append(around)
        with about("t1"):
            log.info("%d", "x")
            log.info(Odd())
            log.info("extra", extra={"odd": Odd(), "nan": float("nan"), "around": around})
            log.info("m" * 1_000_000)
            print("p" * 1_000_000)
            print("went on")
        """
    )

    assert with_ids(lines) == lines
    assert sum(line["message"].count("m") for line in lines if "part" in line) == 1_000_000
    assert sum(line["message"].count("p") for line in lines if "part" in line) == 1_000_000
    assert messages(lines)[-1] == "went on"


def test_each_line_of_an_iteration_and_of_its_hook_has_the_ids_of_its_task() -> None:
    lines = run(
        """
        import os
        os.environ.update(AWS_DEFAULT_REGION="us-east-1")
        from handler import Continue, Done, Failed, task
        from handler.testing import run
        @task(database_logs=False)
        def say_hello(context):
            log.info("hello")
            context.log.info("kept", rows=5)
            context.log.error("odd", error=ValueError("x"))
            if context.task.iterations == 1:
                return Continue({})
            raise ValueError("failed")
        @say_hello.on_error
        def say_bye(record):
            log.info("bye")
        run(say_hello)
        engine.info("after")
        """
    )

    *before, after = lines
    of_task = [line for line in before if line["message"] != "visit"]  # the worker's own line
    assert {(line["definition_id"], bool(line["task_id"])) for line in of_task} == {
        ("sayHello", True)
    }
    assert all(line["execution_name"] and line["tenant"] == "root" for line in of_task)
    assert [(line["iteration"], line["message"]) for line in of_task] == [
        *((1, "hello"), (1, "kept"), (1, "odd"), (1, "Task continuing.")),
        *((2, "hello"), (2, "kept"), (2, "odd")),
        (2, "failed"),
        (2, "bye"),
    ]
    assert of_task[1]["data"] == {"rows": 5}
    assert "ValueError: x" in of_task[2]["error"]["stack"]
    assert not IDS.keys() & after.keys()


def test_in_the_test_kit_logging_and_printing_are_plain_python(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    @task()
    def say_hello(context: Context) -> Done:
        print("printed")
        logging.getLogger("author").info("logged %d", 5)
        context.log.info("in the task's log")
        return Done()

    with caplog.at_level(logging.INFO, "author"):
        result = testing.run(say_hello)

    assert capsys.readouterr().out == "printed\n"
    assert caplog.messages == ["logged 5"]
    assert result.record.has_succeeded


def test_a_record_that_somebody_made_wrongly_is_named_and_costs_nothing() -> None:
    [line] = run(
        """
        with about("t1"):
            log.handle(logging.LogRecord("odd", logging.INFO, "f.py", 1, "Hi.", None, "no trace"))
        """
    )

    assert line["message"] == "A record of odd can't be read: AttributeError"


def test_outside_of_a_lambda_nothing_changes() -> None:
    printed = output_of(RUNTIME + 'log.warning("plain"); print("text")')

    assert printed == "[RUNTIME] plain\ntext\n"
