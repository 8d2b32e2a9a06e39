"""What `python -m local` tells the person who ran it, instead of a traceback."""


class LocalError(Exception):
    """Something that the person at the terminal can put right; the message says how."""


class PortTaken(LocalError):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} on 127.0.0.1 is taken. Stop what listens there, or choose another one: "
            f"python -m local up --port {port + 1}"
        )


class EmulatorFailed(LocalError):
    """The local AWS ended, or didn't answer, while it was starting."""


class DeploymentFailed(LocalError):
    """The Pulumi program, or the creation of one of its resources, failed."""


class DemoFailed(LocalError):
    """Something in the demo did not end as it should."""
