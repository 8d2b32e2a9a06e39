"""What the local AWS can do with the resources of one type."""

from collections.abc import Callable
from dataclasses import dataclass

from local.resources.declaration import Account, Declaration, Existing, Values


@dataclass(frozen=True)
class ResourceType:
    """Creates, updates, deletes and finds the resources of one type.

    `create` and `update` return the outputs, with the "id". `update` may be given a declaration
    without a name, and keeps the name that there is. To delete what is gone is no error.
    """

    create: Callable[[Account, Declaration], Values]
    update: Callable[[Account, Existing, Declaration], Values]
    delete: Callable[[Account, Existing], None]
    exists: Callable[[Account, Existing], bool]
