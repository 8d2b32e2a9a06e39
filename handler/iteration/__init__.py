"""One visit of `Run`: admission, author's code, outcome, answer. `lifecycle` ends a task."""

from handler.iteration.admission import Admission
from handler.iteration.author_code import AuthorCode
from handler.iteration.commit import Commit
from handler.iteration.context import Context, tools_of
from handler.iteration.log_buffer import TaskLogger
from handler.iteration.loop import Loop
from handler.iteration.runner import Runner

__all__ = [
    "Admission",
    "AuthorCode",
    "Commit",
    "Context",
    "Loop",
    "Runner",
    "TaskLogger",
    "tools_of",
]
