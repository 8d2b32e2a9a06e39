"""A gRPC server as the engine starts one: on a free port, which it prints first."""

import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc

_ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def serve(add_to: Callable[[grpc.Server], None]) -> None:
    """Serves until the engine ends the process."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=_ANY_SIZE)
    add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()
