"""Writes many lines into its log: some thousand, in iterations of some hundred."""

import time

from pydantic import BaseModel

from handler import Context, Continue, Done, Verdict, task


class TalkALot(BaseModel):
    lines: int = 2_000
    a_visit: int = 250
    said: int = 0
    text: str = "Line"
    seconds: float = 0
    an_error: int = 0


@task(max_iterations=2_000)
def talk_a_lot(context: Context, input: TalkALot) -> Verdict:
    """Writes its lines, each so many of them as an error."""
    time.sleep(input.seconds)
    last = min(input.said + input.a_visit, input.lines)
    for number in range(input.said + 1, last + 1):
        is_error = input.an_error and number % input.an_error == 0
        say = context.log.error if is_error else context.log.info
        say(f"{input.text} {number}", number=number)
    return Continue({"said": last}) if last < input.lines else Done(output={"lines": last})
