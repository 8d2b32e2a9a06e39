"""When the tasks of a filter were created, started and ended: the first and the last moment."""

from collections.abc import Sequence
from datetime import MINYEAR, datetime, timedelta
from typing import Final

from handler.clock import to_iso
from handler.table.filters import Filter
from handler.table.index_query import ANY_TIME, Span

_BEFORE_ANY_DATE: Final = "0"
_ALMOST_A_MILLISECOND: Final = timedelta(microseconds=999)
# A task is created, starts and ends on machines whose clocks may differ by so much.
_CLOCKS_DIFFER: Final = timedelta(minutes=1)


def created_span(wanted: Filter) -> Span:
    """When the tasks were created. They were before they started, and before they ended."""
    later = (wanted.started_before, wanted.finished_before)
    return span_of(wanted.created_after, _least(wanted.created_before, later))


def started_span(wanted: Filter) -> Span:
    first = _most(wanted.started_after, (wanted.created_after,))
    return span_of(first, _least(wanted.started_before, (wanted.finished_before,)))


def finished_span(wanted: Filter) -> Span:
    earlier = (wanted.created_after, wanted.started_after)
    return span_of(_most(wanted.finished_after, earlier), wanted.finished_before)


def _least(last: datetime | None, others: Sequence[datetime | None]) -> datetime | None:
    """The earliest of moments; of the others, a bit later, as clocks differ."""
    known = [last, *(other and _later(other, _CLOCKS_DIFFER) for other in others)]
    return min(filter(None, known), default=None)


def _most(first: datetime | None, others: Sequence[datetime | None]) -> datetime | None:
    known = [first, *(other and _later(other, -_CLOCKS_DIFFER) for other in others)]
    return max(filter(None, known), default=None)


def _later(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:  # the first or the last moment there is
        return moment


def span_of(first: datetime | None, last: datetime | None) -> Span:
    """The first and the last moment; the first is behind the last if there is none between."""
    # Tasks are dated in milliseconds: a first moment between two of them starts at the later.
    return (
        _iso(first, _ALMOST_A_MILLISECOND) if first else ANY_TIME[0],
        _iso(last) if last else ANY_TIME[1],
    )


def _iso(moment: datetime, later: timedelta = timedelta(0)) -> str:
    """A moment as the records have it; before or behind every date if UTC can't express it."""
    try:
        return to_iso(moment + later)
    except OverflowError:
        return _BEFORE_ANY_DATE if moment.year == MINYEAR else ANY_TIME[1]
