"""The columns of a file, and the attributes that their values become."""

from collections import Counter
from collections.abc import Mapping, Sequence

from definitions.csv_import.errors import ImportRefused
from definitions.csv_import.table import Schema


def attributes_of(
    header: Sequence[str], *, skip: Sequence[str], rename: Mapping[str, str]
) -> list[str | None]:
    """The attribute of each column; `None` for a skipped one.

    Args:
        header: the names of the columns.
        skip: columns, by name or by number (`#3`).
        rename: from columns, by name or by number, to attributes.

    Raises:
        ImportRefused: a column has no name of its own, or an option names none of them.
    """
    for option, named in (("skip_columns", skip), ("rename_columns", rename)):
        _refuse_unknown(option, named, header)
    attributes = [
        _attribute(name, number, skip, rename) for number, name in enumerate(header, start=1)
    ]
    _refuse_unnamed(attributes)
    _refuse_duplicates(attributes)
    return attributes


def refuse_without_keys(
    attributes: Sequence[str | None], schema: Schema, header: Sequence[str]
) -> None:
    """Raises `ImportRefused` if a key of the table is the attribute of no column."""
    keys = " and ".join(f'"{key.name}"' for key in schema.primary)
    for key in schema.primary:
        if key.name not in attributes:
            raise ImportRefused(
                f"{_lost(key.name, attributes, header)}. Each item needs the keys of the table:"
                f" {keys}. Next: {_remedy(key.name, header)}"
            )


def _lost(key: str, attributes: Sequence[str | None], header: Sequence[str]) -> str:
    """How the file comes to have no column for a key."""
    if key not in header:
        return f'The file has no column "{key}"; its columns are: {", ".join(header)}'
    attribute = attributes[header.index(key)]
    if attribute is None:
        return f'"skip_columns" skips the column "{key}"'
    return f'"rename_columns" makes "{attribute}" of the column "{key}"'


def _remedy(key: str, header: Sequence[str]) -> str:
    if key in header:
        return f'leave column "{key}" out of that option, or rename another one to "{key}".'
    return (
        f'rename the column that "{key}" is in with "rename_columns". If these are not the names,'
        ' look at the file\'s "delimiter" and "encoding".'
    )


def _attribute(
    name: str, number: int, skip: Sequence[str], rename: Mapping[str, str]
) -> str | None:
    if _named(skip, name, number):
        return None
    renamed = _named(rename, name, number)
    return rename[renamed] if renamed else name


def _named(named: Sequence[str] | Mapping[str, str], name: str, number: int) -> str | None:
    """How an option names a column, if it does; its number goes first."""
    return next((word for word in (f"#{number}", name) if word in named), None)


def _refuse_unknown(
    option: str, named: Sequence[str] | Mapping[str, str], columns: Sequence[str]
) -> None:
    known = {*columns, *(f"#{number}" for number in range(1, len(columns) + 1))}
    for word in named:
        if word not in known:
            raise ImportRefused(
                f'"{option}" names the column "{word}", which the file does not have; its columns'
                f" are: {', '.join(columns)}. Next: correct the name, or write a number, such as"
                " #1."
            )


def _refuse_unnamed(attributes: Sequence[str | None]) -> None:
    if "" in attributes:
        number = attributes.index("") + 1
        raise ImportRefused(
            f"Column {number} of the file has no name in its first line. Next: skip it with"
            f' "skip_columns": ["#{number}"], or name it with "rename_columns":'
            f' {{"#{number}": "..."}}.'
        )


def _refuse_duplicates(attributes: Sequence[str | None]) -> None:
    counts = Counter(name for name in attributes if name is not None)
    for name, count in counts.items():
        if count > 1:
            numbers = [number for number, other in enumerate(attributes, start=1) if other == name]
            shown = ", ".join(map(str, numbers))
            raise ImportRefused(
                f'Columns {shown} of the file are all called "{name}": an item has room for one'
                f' value under a name. Next: rename one with "rename_columns": {{"#{numbers[-1]}":'
                f' "..."}}, or skip it with "skip_columns": ["#{numbers[-1]}"].'
            )
