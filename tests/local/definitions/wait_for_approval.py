"""Waits for an approval, and hands out a URL for it: in its output, where the test reads it."""

from handler import Context, Done, Signal, Verdict, task


@task()
def wait_for_approval(context: Context) -> Verdict:
    if context.task.waiting_for is None:
        context.save_output({"url": context.signal_url("approved", expires_in=600)})
    return context.wait_for_signal("approved", approved, timeout=600)


def approved(signal: Signal | None) -> Verdict:
    return Done(output={"data": signal.data if signal else "nothing"})
