"""Tasks by how their names begin, in the order of their creation: an index has them by name alone.

As long as one request has the keys of all of them, they are sorted here. Are there more, then they
are no rare ones, and whoever goes through all tasks finds them.
"""

from handler.contract import NAME_KEY
from handler.table.cursors import at_place
from handler.table.entries import Entries, Entry
from handler.table.filters import Filter
from handler.table.index_query import TaskIndex
from handler.table.keys import FIRST_OF_NAMES, task_id
from handler.table.planning import by_name
from handler.table.spans import created_span


def named(
    index: TaskIndex,
    wanted: Filter,
    passed: tuple[str, str] | None,
    *,
    newest_first: bool,
    limit: int,
) -> Entries | None:
    """The first `limit` tasks whose names begin so, in one request; `None`: there are too many.

    Args:
        passed: when the last task of the page before was created, and its id.
    """
    [query] = by_name(wanted).queries
    if (rows := index.all_rows(query)) is None:
        return None
    first, last = created_span(wanted)
    places = [(row[NAME_KEY]["S"].rpartition(FIRST_OF_NAMES)[2], task_id(row)) for row in rows]
    left = sorted(
        (
            (created, id)
            for created, id in places
            if first <= created <= last
            and (passed is None or ((created, id) < passed) is newest_first)
            and (created, id) != passed
        ),
        reverse=newest_first,
    )
    entries = [Entry(id, 0, at_place(created, id), created) for created, id in left[:limit]]
    start = at_place(*passed) if passed else None
    return Entries(entries, has_all=len(left) <= limit, starts=[start])
