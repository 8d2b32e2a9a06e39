"""Runs the console on the loopback address until it is interrupted."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Final

from hypercorn.asyncio import serve as serve_app
from hypercorn.config import Config

from console.app import Console
from console.gate import Gate, new_token
from console.stack import Stack

ADDRESS: Final = "127.0.0.1"
# Long enough for the page's polls to share a connection.
_KEPT_SECONDS: Final = 60.0
_GRACE_SECONDS: Final = 1.0
# An answer of the stack may take half a minute, in a thread that nothing ends.
_LONGEST_SECONDS: Final = 3.0


class PortTaken(Exception):
    """Something else listens at the port that was asked for."""


def serve(stack: Stack, *, port: int, version: str, told: Callable[[str, str], None]) -> None:
    """Serves the page until Ctrl-C, or SIGTERM.

    Args:
        port: where it listens; 0: any free port.
        told: is called as soon as the page can be opened, with its URL, and with one that leads to
            it once.

    Raises:
        PortTaken: it can't listen there.
    """
    listening = _listening(port)
    found = listening.getsockname()[1]
    gate = Gate(new_token(), found)
    app = Console(stack, gate, version=version).app()
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]  # it closes it
    config.accesslog = None
    config.errorlog = None
    config.include_server_header = False
    config.keep_alive_timeout = _KEPT_SECONDS
    config.graceful_timeout = _GRACE_SECONDS
    root = f"http://{ADDRESS}:{found}"
    asyncio.run(_served(app, config, lambda: told(f"{root}/{gate.token}/", f"{root}{gate.link()}")))


async def _served(app: object, config: Config, tell: Callable[[], None]) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        over.set()
        loop.set_exception_handler(lambda *_: None)  # of whoever is cut off
        # The threads are waited for after the loop is over, too.
        longest = threading.Timer(_LONGEST_SECONDS, os._exit, (0,))
        longest.daemon = True
        longest.start()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    tell()
    await serve_app(app, config, shutdown_trigger=over.wait)  # type: ignore[arg-type]


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
    except OSError as error:
        listening.close()
        raise PortTaken(f"{ADDRESS}:{port} can't be listened at: {error.strerror}.") from error
    listening.listen(128)
    return listening
