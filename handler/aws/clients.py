"""The process's clients of AWS services: each is made once, when it is first called."""

import functools
import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

Clients = Callable[[str], Any]
"""The client of a service (`"dynamodb"`), by boto3's name."""


@functools.cache
def client(service: str) -> Any:
    """A boto3 client of an AWS service, made at the first call and kept for the next iterations.

    Args:
        service: boto3's name of it, such as `"s3"`.
    """
    import boto3  # noqa: PLC0415  importing the door costs nothing of it

    return boto3.client(service)  # type: ignore[call-overload]


def lazy_engine_client(service: str) -> Any:
    """The engine's client of a service, made when it is first called.

    An iteration seldom needs more than the table's.
    """
    return _LazyClient(service)


@functools.cache
def engine_client(service: str) -> Any:
    """The engine's client of a service: it gives up early, since what calls it tries again."""
    # botocore alone: boto3 would only add transfers to S3.
    import botocore.session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from botocore.loaders import JSONFileLoader, Loader  # noqa: PLC0415

    class PlainFiles(JSONFileLoader):
        """Reads the files of botocore's data into plain dictionaries.

        botocore has read them into `OrderedDict`s since a dictionary had no order, which takes
        twice as long: a twentieth of a worker's start.
        """

        def load_file(self, file_path: str) -> object:
            for ending, open_file in (".json", open), (".json.gz", gzip.open):
                with suppress(FileNotFoundError), open_file(file_path + ending, "rb") as file:
                    return json.loads(file.read())
            return None

    class OneServiceLoader(Loader):
        """Reads what botocore knows of one service."""

        def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002
            # botocore asks whether there is such a service, and would look into the folder of each
            # of its 400: a third of what it takes to make a client.
            return [service]

    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        read_timeout=_READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
        # botocore would work it out anew at each call.
        user_agent="background-tasks",
        # The engine makes its requests itself and tests them: no check of their shape each time.
        parameter_validation=False,
    )
    session = botocore.session.get_session()
    session.register_component("data_loader", OneServiceLoader(file_loader=PlainFiles()))
    return session.create_client(service, config=config)


_CONNECT_TIMEOUT_SECONDS: Final = 3
_READ_TIMEOUT_SECONDS: Final = 10


class _LazyClient:
    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> object:
        return getattr(engine_client(self._service), name)
