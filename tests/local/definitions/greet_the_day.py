"""A task that is triggered by the clock: at once, and then every day."""

from pydantic import BaseModel

from handler import Context, Done, Schedule, task


class Greeting(BaseModel):
    name: str
    time: str


@task(schedule="rate(1 day)", schedule_input={"name": "day", "time": Schedule.TIME})
def greet_the_day(context: Context, input: Greeting) -> Done:
    """Says good morning."""
    return Done(output={"greeting": f"Good morning, {input.name} of {input.time[:10]}!"})
