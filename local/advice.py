"""The advice in a program's error, for people who run it without the Pulumi CLI."""

import re

_SET = re.compile(r"`pulumi config set (?:[\w-]+:)?(\w+) <\w+>`")
_SET_ITEM = re.compile(r"`pulumi config set --path '(?:[\w-]+:)?(\w+)\[0\]' <(\w+)>`")
_REMOVE = re.compile(r"`pulumi config rm (?:[\w-]+:)?(\w+)`")


def without_pulumi(message: str) -> str:
    """The message with `--config` where it names a command of the Pulumi CLI."""
    message = _SET.sub(r"`--config \1=<value>`", message)
    message = _SET_ITEM.sub(r"""`--config \1='["<\2>"]'`""", message)
    return _REMOVE.sub(r"leave \1 out of --config and of Pulumi.dev.yaml", message)
