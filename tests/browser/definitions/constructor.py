"""Is called as what every object of JavaScript has of its own."""

from handler import Context, Done, task


@task(title="A word of JavaScript's")
def constructor(context: Context) -> Done:
    return Done()
