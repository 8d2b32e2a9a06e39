"""A gRPC server as the engine starts one: on a free port, which it prints first."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import grpc

_ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def serve(add_to: Callable[[grpc.Server], None]) -> None:
    """Serves until the engine ends the process."""
    # The engine tells what a call raised, and asks for what a server may lack.
    logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=_ANY_SIZE)
    add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    with suppress(KeyboardInterrupt):  # how the engine ends it
        server.wait_for_termination()
