"""Is triggered by the clock, once a year: a schedule to look at, to pause, and to run now."""

from datetime import datetime, timedelta

from pydantic import BaseModel

from handler import Context, Done, Schedule, task


class TakeStock(BaseModel):
    shelves: str
    until: datetime


NEW_YEAR = Schedule("cron(30 4 1 1 ? *)", time_zone="Europe/Berlin", window=timedelta(minutes=15))


@task(schedule=NEW_YEAR, schedule_input={"shelves": "all", "until": Schedule.TIME})
def take_stock(context: Context, input: TakeStock) -> Done:
    """Counts what is on the shelves."""
    return Done(output={"counted": input.shelves, "until": input.until.isoformat()})
