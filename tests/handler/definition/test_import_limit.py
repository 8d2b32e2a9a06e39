"""A file whose import takes too long, or would end the process: real processes, real signals."""

import json
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
# The limit of one file. All together may take twice as long.
SECONDS = 0.6
TASK = """
from handler import Context, Done, task

@task(id="{id}")
def run(context: Context) -> Done:
    return Done()
"""
LOOK = """
import json, signal, time
import handler  # what a good file imports takes no time of its own
from handler.definition.discovery import discover_importable

{before}
started = time.monotonic()
found = discover_importable("tasks", import_seconds={seconds})
print(json.dumps({{
    "ids": [each.id for each in found],
    "problems": [problem.message for problem in found.problems],
    "seconds": time.monotonic() - started,
    "timer": signal.getitimer(signal.ITIMER_REAL)[0],
    "handler": signal.getsignal(signal.SIGALRM) == {handler},
}}))
{after}
"""


@dataclass(frozen=True)
class Found:
    ids: list[str]
    problems: list[str]
    seconds: float
    timer: float
    handler: bool


def task(id: str, before: str = "") -> str:
    return textwrap.dedent(before) + TASK.format(id=id)


def found(
    folder: Path,
    files: dict[str, str],
    *,
    seconds: float = SECONDS,
    before: str = "",
    after: str = "",
    handler: str = "signal.SIG_DFL",
) -> Found:
    """What a process finds in a package of these files, and of two good ones around them."""
    good = {"__init__.py": "", "a_first.py": task("first"), "z_last.py": task("last")}
    for name, text in (good | files).items():
        (folder / "tasks").mkdir(exist_ok=True)
        (folder / "tasks" / name).write_text(text)
    program = LOOK.format(seconds=seconds, before=before, after=after, handler=handler)
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return Found(**json.loads(ran.stdout.splitlines()[0]))


SLOW = {
    "sleeps": "import time\ntime.sleep(30)",
    "loops": "while True:\n    pass",
    "sleeps in C": "import ctypes\nctypes.CDLL(None).sleep(30)",
    "waits for a process": "import subprocess\nsubprocess.run(['sleep', '30'])",
    "waits for a lock": "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "waits for a connection": (
        "import socket\nserver = socket.create_server(('127.0.0.1', 0))\nserver.accept()"
    ),
    "is a regular expression": "import re\nre.match('(a|a)*b', 'a' * 60)",
    "catches exceptions": (
        "import time\n"
        "for _ in range(30):\n    try:\n        time.sleep(1)\n    except Exception:\n        pass"
    ),
    "catches whatever is raised": (
        "import time\ntry:\n    time.sleep(30)\nexcept BaseException:\n    pass"
    ),
    "catches it again and again": (
        "import time\n"
        "for _ in range(30):\n    try:\n        time.sleep(1)\n    except BaseException: ...\n"
    ),
    "catches it for ever in a function": (
        "import time\n"
        "def wait():\n    try:\n        time.sleep(1)\n    except BaseException:\n        return\n"
        "while True:\n    wait()"
    ),
    "catches it for ever": (
        "import time\n"
        "while True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass"
    ),
    "loops in its own finally": ("try:\n    1 / 0\nfinally:\n    while True:\n        pass"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", SLOW)
def test_a_file_whose_import_does_not_end_is_a_problem_and_the_others_are_found(
    tmp_path: Path, how: str
) -> None:
    result = found(tmp_path, {"slow.py": task("slow", SLOW[how] + "\n")})

    [problem] = result.problems
    assert problem.startswith(
        "tasks/slow.py can't be imported: its import took longer than 0.6 s (all files together may"
        " take 1.2 s)"
    )
    assert problem.endswith(". Do less at the import, and more in the task.")
    assert result.ids == ["first", "last"]
    assert result.seconds < 6
    assert (result.timer, result.handler) == (0, True)


@pytest.mark.slow
def test_the_problem_has_the_line_that_takes_so_long(tmp_path: Path) -> None:
    result = found(tmp_path, {"slow.py": "import time\n\ntime.sleep(30)\n"})

    assert " take 1.2 s) (line 3). Do less" in result.problems[0]


@pytest.mark.slow
def test_several_slow_files_leave_time_for_the_others(tmp_path: Path) -> None:
    slow = {f"slow{number}.py": task(f"slow{number}", SLOW["sleeps"] + "\n") for number in range(3)}

    result = found(tmp_path, slow, seconds=1)

    assert result.ids == ["first", "last"]
    assert len(result.problems) == 3
    assert "its import took longer than 0.5 s (all" in result.problems[1]
    assert result.seconds < 3


@pytest.mark.slow
def test_a_file_that_is_slow_and_ends_in_time_is_found(tmp_path: Path) -> None:
    result = found(tmp_path, {"slow.py": task("slow", "import time\ntime.sleep(0.1)\n")})

    assert (result.ids, result.problems) == (["first", "slow", "last"], [])


@pytest.mark.slow
def test_a_slow_file_that_another_one_imports_is_a_problem_of_both_and_of_nobody_else(
    tmp_path: Path,
) -> None:
    files = {
        "b_uses.py": task("uses", "import tasks.c_slow\n"),
        "c_slow.py": task("slow", SLOW["sleeps"]),
    }

    result = found(tmp_path, files)

    assert result.ids == ["first", "last"]
    assert [problem.partition(" ")[0] for problem in result.problems] == [
        "tasks/b_uses.py",
        "tasks/c_slow.py",
    ]


@pytest.mark.slow
def test_what_was_cut_off_is_not_taken_for_a_module_by_the_next_import(tmp_path: Path) -> None:
    again = (
        "again = discover_importable('tasks', import_seconds=0.6)\n"
        "assert [each.id for each in again] == ['first', 'last']\n"
        "assert len(again.problems) == 1"
    )

    result = found(tmp_path, {"slow.py": task("slow") + SLOW["catches it for ever"]}, after=again)

    assert (result.ids, len(result.problems)) == (["first", "last"], 1)


@pytest.mark.slow
def test_a_timer_and_a_handler_that_were_there_before_go_on(tmp_path: Path) -> None:
    before = "signal.signal(signal.SIGALRM, print)\nsignal.setitimer(signal.ITIMER_REAL, 50)"

    result = found(
        tmp_path, {"slow.py": task("slow", SLOW["sleeps"])}, before=before, handler="print"
    )

    assert len(result.problems) == 1
    assert 40 < result.timer < 49.5
    assert result.handler


@pytest.mark.slow
def test_a_file_may_look_for_definitions_itself(tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "__init__.py").write_text("")
    (tmp_path / "others" / "slow.py").write_text("import time\ntime.sleep(30)\n")
    looks = (
        "from handler.definition import discover_importable\n"
        "assert len(discover_importable('others', import_seconds=0.2).problems) == 1\n"
    )

    result = found(tmp_path, {"looks.py": task("looks", looks)})

    assert (result.ids, result.problems) == (["first", "looks", "last"], [])


@pytest.mark.slow
def test_without_a_limit_a_file_takes_as_long_as_it_likes(tmp_path: Path) -> None:
    result = found(tmp_path, {"slow.py": task("slow", "import time\ntime.sleep(1)\n")}, seconds=0)

    assert "slow" in result.ids


@pytest.mark.slow
def test_outside_of_the_main_thread_there_is_no_limit(tmp_path: Path) -> None:
    before = (
        "import concurrent.futures\n"
        "def discover_importable(*given, look=discover_importable, **named):\n"
        "    with concurrent.futures.ThreadPoolExecutor() as pool:\n"
        "        return pool.submit(look, *given, **named).result()\n"
    )

    result = found(
        tmp_path, {"slow.py": task("slow", "import time\ntime.sleep(1)\n")}, before=before
    )

    assert "slow" in result.ids


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0, SECONDS])
def test_a_file_that_would_end_the_process_is_a_problem(tmp_path: Path, seconds: float) -> None:
    result = found(tmp_path, {"ends.py": "import os\nos._exit(0)\n"}, seconds=seconds)

    assert result.problems == [
        (
            "tasks/ends.py can't be imported: SystemExit: it calls os._exit(0) (line 2). Fix the"
            " file, or move it out."
        )
    ]
    assert result.ids == ["first", "last"]


@pytest.mark.slow
def test_a_process_that_a_file_forks_may_end(tmp_path: Path) -> None:
    forks = (
        "import os\nchild = os.fork()\nif child == 0:\n    os._exit(7)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7\n"
    )

    result = found(tmp_path, {"forks.py": task("forks", forks)})

    assert (result.ids, result.problems) == (["first", "forks", "last"], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    "call",
    [
        "alarm(0)",
        "setitimer(signal.ITIMER_REAL, 0)",
        "signal(signal.SIGALRM, signal.SIG_IGN)",
        "signal(handler=print, signalnum=signal.SIGALRM)",
    ],
)
def test_a_file_that_would_take_the_limit_off_is_a_problem(tmp_path: Path, call: str) -> None:
    result = found(tmp_path, {"lifts.py": f"import signal, time\nsignal.{call}\ntime.sleep(30)\n"})

    [problem] = result.problems
    assert "RuntimeError: it sets the timer of its own import (signal." in problem
    assert "(line 2)" in problem
    assert (result.ids, result.timer, result.handler) == (["first", "last"], 0, True)


@pytest.mark.slow
def test_a_file_may_set_other_signals_and_timers(tmp_path: Path) -> None:
    sets = (
        "import signal\nsignal.signal(signal.SIGUSR1, print)\n"
        "signal.setitimer(signal.ITIMER_PROF, 0)\n"
    )

    result = found(tmp_path, {"sets.py": task("sets", sets)})

    assert (result.ids, result.problems) == (["first", "sets", "last"], [])


@pytest.mark.slow
def test_an_error_whose_text_takes_too_long_is_a_problem(tmp_path: Path) -> None:
    slow = "import time\nclass E(Exception):\n    def __str__(self): time.sleep(30)\nraise E\n"

    result = found(tmp_path, {"slow.py": slow})

    [problem] = result.problems
    assert "slow.py can't be imported: it raises a E, which can't be shown. Fix the" in problem
    assert result.ids == ["first", "last"]
    assert result.seconds < 6
