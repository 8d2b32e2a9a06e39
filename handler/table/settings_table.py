"""The settings that change while the stack runs: an item of the table for each tenant."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from handler.clock import Clock
from handler.record import SYSTEM_IDENTITY, Identity, Json, Pause, StoredSettings, TaskSettings
from handler.table import items, keys
from handler.table.compare_and_set import CompareAndSet
from handler.table.dynamo import Dynamo

if TYPE_CHECKING:
    from handler.table.keys import Item

log = logging.getLogger(__name__)

# How old what a process knows of them may be.
KNOWN_FOR: Final = timedelta(seconds=30)
# As many as a key of HMAC-SHA256 is good for (RFC 2104, "Keys").
_CURSOR_KEY_BYTES: Final = 32
# Of so many tenants a process remembers them.
_MOST_TENANTS: Final = 1_000
_ALIASES: Final = {
    name: str(each.alias) for name, each in StoredSettings.model_fields.items() if not each.exclude
}
_ALWAYS: Final = ("changed_on", "changed_by")
# Whose settings are the whole stack's: no tenant has an empty name.
STACK: Final = ""

Change = Callable[[TaskSettings], Json]
"""What is to be changed of the settings as they stand, by the fields' names."""


@dataclass(slots=True)
class KnownSettings:
    """What a process knows of the settings, whatever systems it builds."""

    by_tenant: dict[str, tuple[datetime, StoredSettings]] = field(default_factory=dict)
    cursor_key: str = ""

    def unchanged(self, tenant: str, *, at: datetime) -> None:
        """Nobody had changed the settings of a tenant then: the table need not be asked."""
        self.by_tenant[tenant] = at, StoredSettings()


class SettingsTable:
    """Reads and changes the settings of a tenant's tasks.

    **Two writers lose nothing of each other's.** A change is made of the item as it was read, and
    is written if nobody has changed it meanwhile: else it is made anew. It writes the attributes
    that it changes alone, so those that newer code has written stay.

    **An odd item harms nothing.** What can't be read of it is reported, and is as deployed.

    Args:
        deployed: what holds where nothing was changed.
        known: what the process knows. It asks the table for a tenant's settings every 30 seconds at
            most, and only when they are needed.
    """

    def __init__(
        self, dynamo: Dynamo, *, clock: Clock, deployed: TaskSettings, known: KnownSettings
    ) -> None:
        self._dynamo = dynamo
        self._clock = clock
        self._deployed = deployed
        self._known = known.by_tenant
        self._known_settings = known

    def of(self, tenant: str) -> TaskSettings:
        """The settings of a tenant's tasks, as they stood at most 30 seconds ago."""
        known = self._known.get(tenant)
        # A clock that was set back makes what was read be of the future: it is read again.
        if known and timedelta(0) <= self._clock.now() - known[0] < KNOWN_FOR:
            return known[1].over(self._deployed)
        return self.read(tenant)

    def read(self, tenant: str) -> TaskSettings:
        """The settings of a tenant's tasks, as they now stand."""
        _, stored = self._read(tenant)
        return stored.over(self._deployed)

    def pauses(self) -> tuple[Pause, ...]:
        """What is paused, as it stood at most 30 seconds ago."""
        known = self._known.get(STACK)
        if known and timedelta(0) <= self._clock.now() - known[0] < KNOWN_FOR:
            return known[1].pauses or ()
        return self.read_pauses()

    def read_pauses(self) -> tuple[Pause, ...]:
        """What is paused, as it now stands."""
        return self._read(STACK)[1].pauses or ()

    def change_pauses(
        self, change: Callable[[Sequence[Pause]], Sequence[Pause]], *, by: Identity
    ) -> Sequence[Pause]:
        """Changes what is paused, as `change` does. Returns what is paused then."""

        def changed(before: StoredSettings) -> Json:
            return {"pauses": tuple(change(before.pauses or ())) or None}

        return self._change(STACK, changed, by=by)[1].pauses or ()

    def cursor_key(self) -> bytes:
        """What the API seals cursors with: one key for the stack, which is made when it is needed.

        A process asks the table for it once. Without it, cursors that were given out are not valid.
        """

        def made(before: StoredSettings) -> Json:
            return {"cursor_key": before.cursor_key or os.urandom(_CURSOR_KEY_BYTES).hex()}

        if not self._known_settings.cursor_key:
            key = self._read(STACK)[1].cursor_key
            if not key:
                key = self._change(STACK, made, by=SYSTEM_IDENTITY)[1].cursor_key
            self._known_settings.cursor_key = key or ""
        return self._known_settings.cursor_key.encode()

    def change(
        self, tenant: str, change: Change, *, by: Identity
    ) -> tuple[TaskSettings, TaskSettings]:
        """Changes them. `change` is called anew where somebody else was faster.

        A setting that is as deployed is not stored: the next deploy may have another.

        Returns:
            The settings before the change, and after it.
        """

        def changed(before: StoredSettings) -> Json:
            return {
                name: None if value == getattr(self._deployed, name) else value
                for name, value in change(before.over(self._deployed)).items()
            }

        before, after = self._change(tenant, changed, by=by)
        return before.over(self._deployed), after.over(self._deployed)

    def _change(
        self, tenant: str, change: Callable[[StoredSettings], Json], *, by: Identity
    ) -> tuple[StoredSettings, StoredSettings]:
        write = CompareAndSet(self._dynamo, keys.settings_key(tenant))
        while True:
            item, before = self._read(tenant)
            changes = change(before)
            after = before.changed(now=self._clock.now(), by=by, **changes)
            fields = {*changes, *_ALWAYS}
            fresh = {_ALIASES[name]: _plain(getattr(after, name)) for name in fields}
            removed = {name for name, value in fresh.items() if value is None}
            if write.is_written(item, items.encoded(fresh), removed):
                self._known.pop(tenant, None)
                return before, after

    def _read(self, tenant: str) -> "tuple[Item, StoredSettings]":
        # As of before the request: a Lambda may be frozen until long after its answer.
        asked_on = self._clock.now()
        item = self._dynamo.item(keys.settings_key(tenant)) or {}
        stored = _stored(item)
        if stored.unreadable:
            log.error(
                "The settings of %s can't be read: %s. They are as deployed. "
                "Next: set them anew (`tasks.update_settings`, `tasks.pause_definition`).",
                f'tenant "{tenant}"' if tenant != STACK else "the stack",
                ", ".join(stored.unreadable),
                extra={"action": "settings_unreadable", "tenant": tenant},
            )
        self._remember(tenant, stored, asked_on=asked_on)
        return item, stored

    def _remember(self, tenant: str, stored: StoredSettings, *, asked_on: datetime) -> None:
        known = self._known.get(tenant)
        if known and timedelta(0) < known[0] - asked_on < KNOWN_FOR:
            return  # another thread has asked since
        if len(self._known) >= _MOST_TENANTS:
            self._known.clear()
        self._known[tenant] = asked_on, stored


def _plain(value: object) -> object:
    """A value that JSON has a form for."""
    if not isinstance(value, tuple):
        return value
    return [each.model_dump(by_alias=True, mode="json", exclude_none=True) for each in value]


def _stored(item: "Item") -> StoredSettings:
    """What can be read of an item."""
    values: Json = {}
    odd: list[str] = []
    for alias in _ALIASES.values():
        if alias in item:
            try:
                values[alias] = items.decoded({alias: item[alias]})[alias]
            except Exception:  # another type of attribute, a number with a fraction
                odd.append(alias)
    return StoredSettings.of(values, unreadable=tuple(odd))
