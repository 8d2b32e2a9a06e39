"""What the local AWS can do with the resources of one type."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from local.errors import DeploymentFailed
from local.resources.declaration import Account, Declaration, Existing, Values

Create = Callable[[Account, Declaration], Values]
Update = Callable[[Account, Existing, Declaration], Values]

# How the services say that there is no such thing; S3 and API Gateway answer with status 404.
_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "DashboardNotFoundError",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
    }
)
_NOT_FOUND = 404


@dataclass(frozen=True)
class ResourceType:
    """Creates, updates, deletes and finds the resources of one type.

    `create` and `update` return the outputs, with the "id". `delete` and `find` may raise AWS's
    error that there is no such thing; `find` may return an empty value, too. An input that is
    `fixed` is given to `update` as it was.
    """

    create: Create
    update: Update
    delete: Callable[[Account, Existing], object]
    find: Callable[[Account, Existing], object]
    fixed: tuple[str, ...] = ("name",)


@contextmanager
def if_there() -> Iterator[None]:
    """Passes over AWS's error that there is no such thing."""
    try:
        yield
    except ClientError as error:
        if not _says_gone(error):
            raise


def _says_gone(error: ClientError) -> bool:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status == _NOT_FOUND or error.response["Error"]["Code"] in _GONE


def putting(put: Create) -> Update:
    """The update of a type whose API has one operation for both: Put."""
    return lambda account, _before, declared: put(account, declared)


def unchangeable(_account: Account, _before: Existing, declared: Declaration) -> Values:
    """The update of a type whose API has none."""
    raise DeploymentFailed(f"AWS can't change {declared}. Next: delete it, and create it anew.")
