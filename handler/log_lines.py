"""A line of a Lambda's log as JSON: one object a line, whatever is logged.

Powertools' formatter is not used: it decodes messages that look like JSON, raises at a value whose
`str` raises, and its import takes 60 ms of a cold start.
"""

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from handler.clock import to_iso

Fields = dict[str, object]

# CloudWatch Logs takes events of 1 MB (quotas, "Event size"). Lambda cuts a line in pieces that
# aren't JSON at 256 KB, so a longer one is written as several lines here.
_MAX_LINE_BYTES: Final = 240 * 1024
# A character takes at most six bytes of JSON (`\u0000`): a message's part and the other fields fit.
_PART_CHARACTERS: Final = 16 * 1024
_FIELD_CHARACTERS: Final = 8 * 1024
_ROOM_CHARACTERS: Final = 20 * 1024
# JSON may have them as they are; some readers of lines take them for the end of one.
_LINE_BREAKS: Final = {ord(each): f"\\u{ord(each):04x}" for each in "\x85\u2028\u2029"}
_STANDARD: Final = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})


def fields_of(record: logging.LogRecord) -> Fields:
    """What a log record says. A message that can't be formatted is kept with its arguments."""
    fields: Fields = {
        "level": record.levelname,
        "message": _message(record),
        "timestamp": to_iso(datetime.fromtimestamp(record.created, UTC)),
        "logger": record.name,
        "location": f"{record.funcName}:{record.lineno}",
    }
    if record.exc_info and record.exc_info[0]:
        fields["exception_name"] = record.exc_info[0].__name__
        fields["exception"] = _trace(record)
    if record.stack_info:
        fields["stack"] = record.stack_info
    extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
    return fields | beside(fields, extra)


def beside(fixed: Mapping[str, object], more: Mapping[str, object]) -> Fields:
    """`more`, then `fixed`. A key that both have, with two values, is `extra_<key>` for `more`."""
    more = {key: value for key, value in more.items() if not _is_same(fixed.get(key), value)}
    renamed = {(f"extra_{key}" if key in fixed else key): value for key, value in more.items()}
    return {**renamed, **fixed}


def _is_same(known: object, value: object) -> bool:
    return type(known) is str and type(value) is str and known == value


def to_lines(fields: Mapping[str, object]) -> Iterator[str]:
    """The JSON of `fields`: one line, or several with a part of the message each (`part`)."""
    line = _json(fields)
    if len(line.encode(errors="surrogatepass")) <= _MAX_LINE_BYTES:
        yield line
        return
    message, fields = _shortened(fields)
    parts = range(0, max(len(message), 1), _PART_CHARACTERS)
    for number, start in enumerate(parts, start=1):
        part = {"message": message[start : start + _PART_CHARACTERS]}
        if len(parts) > 1:
            part["part"] = f"{number}/{len(parts)}"
        yield _json({**fields, **part})


def _shortened(fields: Mapping[str, object]) -> tuple[str, Fields]:
    """The message as text, and the other fields cut to what a line has room for."""
    kept: Fields = {}
    left_out: list[str] = []
    room = _ROOM_CHARACTERS
    for key, value in fields.items():
        text = value if isinstance(value, str) else _json(value)
        room -= min(len(text), _FIELD_CHARACTERS) + len(key)
        if room < 0:
            left_out.append(key)
        elif len(text) > _FIELD_CHARACTERS:
            kept[key] = f"{text[:_FIELD_CHARACTERS]}… (cut from {len(text):,} characters)"
        else:
            kept[key] = value
    if left_out:
        kept["left_out"] = f"{len(left_out):,} fields: {', '.join(left_out)}"[:_FIELD_CHARACTERS]
    message = fields.get("message", "")
    return message if isinstance(message, str) else _json(message), kept


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # the author's format, or the author's `__str__`
        given = _text(record.msg)
        if not record.args:
            return given
        return f"{given} (with {_text(record.args)}; can't be formatted: {_text(error)})"


def _trace(record: logging.LogRecord) -> str:
    try:
        return "".join(traceback.format_exception(*record.exc_info or (None, None, None))).rstrip()
    except Exception as error:  # an exception whose text can't be made
        return f"The trace can't be shown: {_text(error)}"


def _json(value: object) -> str:
    try:
        text = json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_text
        )
    except (ValueError, TypeError, RecursionError):
        text = _json_piece_by_piece(value)
    return text if text.isascii() else text.translate(_LINE_BREAKS)


def _json_piece_by_piece(value: object) -> str:
    """The JSON of a value of which a part has no JSON: that part as text."""
    if not isinstance(value, Mapping):
        return json.dumps(_text(value), ensure_ascii=False)
    pieces = {_text(key): item for key, item in value.items()}
    return json.dumps(
        {key: item if _has_json(item) else _text(item) for key, item in pieces.items()},
        ensure_ascii=False,
        separators=(",", ":"),
        default=_text,
    )


def _has_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False, default=_text)
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # the author's `__str__`
        return f"<{type(value).__name__}, whose text raised {type(error).__name__}>"
