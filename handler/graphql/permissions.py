"""Which permission each operation needs, and how far a caller may reach with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from handler.contract import OWN, ErrorCode, Permission
from handler.errors import Refused

_WORDS: Final = {
    Permission.READ: "read tasks",
    Permission.WRITE: "change tasks",
    Permission.DELETE: "delete tasks",
}


class Reach(IntEnum):
    """Of whose tasks somebody may say something: each reaches as far as those before it."""

    NOBODY = 0
    OWN = 1  # those that the caller has triggered
    TENANT = 2
    EVERY_TENANT = 3


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation needs.

    Args:
        permissions: all of them.
        takes_own: whether it can be said of the caller's own tasks alone: else it is about others,
            too, and the permission for own tasks is not enough.
    """

    permissions: frozenset[Permission]
    takes_own: bool


_READ: Final = Need(frozenset({Permission.READ}), takes_own=True)
_WRITE: Final = Need(frozenset({Permission.WRITE}), takes_own=True)
_DELETE: Final = Need(frozenset({Permission.DELETE}), takes_own=True)
_READ_ALL: Final = Need(_READ.permissions, takes_own=False)
_WRITE_ALL: Final = Need(_WRITE.permissions, takes_own=False)
# Of one that tells the caller of the caller alone.
_NOTHING: Final = Need(frozenset(), takes_own=True)
# Of an operation that nobody has thought of here.
UNDECLARED: Final = Need(frozenset(Permission), takes_own=False)

NEEDS: Final[Mapping[str, Need]] = {
    "getCaller": _NOTHING,
    "getTask": _READ,
    "listTasks": _READ,
    "listLogs": _READ,
    "listDefinitions": _READ,
    "listPauses": _READ_ALL,
    "getSettings": _READ_ALL,
    "getLimits": _READ_ALL,
    "listQueue": _READ_ALL,
    "triggerTask": _WRITE,
    "triggerTasks": _WRITE,
    "retryTask": _WRITE,
    "abortTask": _WRITE,
    "runTaskNow": _WRITE,
    "pauseTask": _WRITE,
    "resumeTask": _WRITE,
    "signalTask": _WRITE,
    "heartbeatTask": _WRITE,
    "abortTasks": _WRITE,
    "retryTasks": _WRITE,
    "pauseDefinition": _WRITE_ALL,
    "resumeDefinition": _WRITE_ALL,
    "pauseAll": _WRITE_ALL,
    "resumeAll": _WRITE_ALL,
    "setLimit": _WRITE_ALL,
    "resetLimit": _WRITE_ALL,
    "drainQueue": _WRITE_ALL,
    "updateSettings": _WRITE_ALL,
    "deleteTask": _DELETE,
    "deleteTasks": _DELETE,
}


def need_of(operation: str) -> Need:
    """What an operation needs; everything, where nothing was declared of it."""
    return NEEDS.get(operation, UNDECLARED)


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do, with whose tasks.

    Args:
        permissions: what may be done.
        is_own: whether it is for tasks that the caller has triggered, and for no others.
        tenants: with the tasks of these tenants; `None`: of every tenant.
    """

    permissions: frozenset[Permission]
    is_own: bool = False
    tenants: frozenset[str] | None = None

    @classmethod
    def of(cls, said: str, tenants: frozenset[str] | None = None) -> "Grant | None":
        """What a text grants, such as `rw`, `own`, `r own` or `tasks:r tasks:w`; `None`: nothing.

        Letters may stand together, or as words of their own, alone or behind `tasks:`, `tasks/` or
        `tasks.`. `own` alone is everything with own tasks. Other words are about something else.
        """
        words = {_without_prefix(word) for word in said.replace(",", " ").split()}
        letters = frozenset(
            Permission(letter) for word in words if _is_letters(word) for letter in word
        )
        is_own = OWN in words
        if not letters and not is_own:
            return None
        return cls(letters or frozenset(Permission), is_own=is_own, tenants=tenants)

    def is_for(self, tenant: str) -> bool:
        """Whether it is about the tasks of a tenant."""
        return self.tenants is None or tenant in self.tenants

    @property
    def reach(self) -> Reach:
        if self.is_own:
            return Reach.OWN
        return Reach.EVERY_TENANT if self.tenants is None else Reach.TENANT


EVERYTHING: Final = Grant(frozenset(Permission))


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may do with the tasks of one tenant: what any of the grants allows.

    Args:
        grants: those that are for the tenant.
        from_where: where whoever lacks a permission gets it, for the message.
    """

    grants: tuple[Grant, ...] = ()
    from_where: str = "the stack's config"

    def reach(self, permissions: Iterable[Permission]) -> Reach:
        """How far a caller may go where all of these permissions are needed; nowhere if none is."""
        return min(map(self._reach, permissions), default=Reach.NOBODY)

    @property
    def widest(self) -> Reach:
        """How far the caller may go with any permission."""
        return max((grant.reach for grant in self.grants), default=Reach.NOBODY)

    def check(self, operation: str, need: Need) -> Reach:
        """How far an operation may go.

        Raises:
            Refused: the caller lacks a permission; the message and the data say which.
        """
        lacking = sorted(each for each in need.permissions if not self._reach(each))
        if lacking:
            raise self._refused(operation, lacking)
        reach = self.reach(need.permissions)
        if reach is Reach.OWN and not need.takes_own:
            raise _not_authorized(
                f"{operation} is about the tasks of others, too, and yours is the permission"
                f' "{OWN}". Next: have it without "{OWN}" in {self.from_where}.',
                sorted(need.permissions),
            )
        return reach

    def _reach(self, permission: Permission) -> Reach:
        found = (grant.reach for grant in self.grants if permission in grant.permissions)
        return max(found, default=Reach.NOBODY)

    def _refused(self, operation: str, lacking: list[Permission]) -> Refused:
        which = " and ".join(f'"{each}" ({_WORDS[each]})' for each in lacking)
        plural = "s" if len(lacking) > 1 else ""
        return _not_authorized(
            f"{operation} needs the permission{plural} {which}, which you do not have."
            f" Next: have it granted in {self.from_where}.",
            lacking,
        )


def _not_authorized(message: str, permissions: Iterable[Permission]) -> Refused:
    return Refused(
        f"Not authorized! {message}",
        code=ErrorCode.SECURITY_NOT_AUTHORIZED,
        data={"permissions": [each.value for each in permissions]},
    )


def _without_prefix(word: str) -> str:
    for separator in ":/.":
        if word.startswith(f"tasks{separator}"):
            return word[len(f"tasks{separator}") :]
    return word


def _is_letters(word: str) -> bool:
    """Whether a word is letters of permissions, each once."""
    return set(word) <= {*Permission} and len(set(word)) == len(word) > 0
