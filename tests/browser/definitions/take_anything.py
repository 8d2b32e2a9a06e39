"""Takes any input, of any size, and answers with a part of it."""

from handler import Context, Done, task


@task(title='Take <b>anything</b> & "everything"', description="Say <script>alert(1)</script>.")
def take_anything(context: Context, input: dict[str, object]) -> Done:
    context.log.info("Took <img src=x onerror=alert(1)>.", keys=sorted(input))
    return Done(output={"keys": len(input), "echo": str(input.get("echo", ""))[:10_000]})
