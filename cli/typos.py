"""What nothing matches may be a typo: a definition that there is none of."""

from collections.abc import Iterable

from cli.work import Work
from handler.errors import BackgroundTaskError


def warn_of_definitions(work: Work, given: Iterable[str]) -> None:
    """Says which names of definitions the API does not list. It asks once, where there are any."""
    names = list(dict.fromkeys(given))
    if not names:
        return
    try:
        listed = {each.id for each in work.client.definitions()}
    except BackgroundTaskError:  # who may not list definitions has an answer all the same
        return
    for name in names:
        if name not in listed:
            known = ", ".join(sorted(listed)) or "none"
            work.terminal.say(
                f'No definition is listed as "{name}". There are: {known}.'
                " Next: background-tasks definitions"
            )
