"""Errors that `python -m local` prints without a traceback."""


class LocalError(Exception):
    """An error that the person at the terminal can fix; the message says how."""


class PortTaken(LocalError):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1 is taken. Stop its program, or take another one:"
            f" python -m local up --port {port + 1}"
        )


class EmulatorFailed(LocalError):
    """The local AWS did not start, or ended."""


class DeploymentFailed(LocalError):
    """The program raised, or one of its resources could not be created."""


class DemoFailed(LocalError):
    """A task of the demo did not end as expected."""
