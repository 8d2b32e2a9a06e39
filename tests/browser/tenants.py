"""A tenant of a test's own: its list has the tasks of this test alone."""

from collections.abc import Iterable
from typing import Final

from handler.record.stored_task import StoredTask
from local.deployed import Deployed
from local.graphql_client import execute
from local.user import Fields
from tests.browser.seeding import seed
from tests.running import Running

_LIST: Final = """query($where: WebinyBackgroundTaskListWhereInput) { backgroundTasks {
    listTasks(where: $where, limit: 1000) {
        data { id name definitionId taskStatus pausedOn retryOf } error { message }
    }
} }"""


class Tenant(Running):
    """The running system, as whoever may do everything asks it for a tenant."""

    def __init__(self, deployed: Deployed, name: str) -> None:
        super().__init__(deployed)
        self.name = name

    def graphql(self, document: str, variables: Fields | None = None) -> Fields:
        """Runs a document for the tenant and returns the `backgroundTasks` part of its data."""
        access, url = self.deployed.access, self.deployed.api_url
        data = execute(access, url, document, variables, tenant=self.name)
        part: Fields = data["backgroundTasks"]
        return part

    def view(self, view: str = "tasks", **params: str) -> str:
        """A view of the tenant's tasks, for `open_page`."""
        said = "".join(f"&{name}={value}" for name, value in params.items())
        return f"{view}?tenant={self.name}{said}"

    def seed(self, tasks: Iterable[StoredTask]) -> list[StoredTask]:
        """Writes tasks of the tenant; returns them."""
        own = [task.model_copy(update={"tenant": self.name}) for task in tasks]
        seed(self, own)
        return own

    def tasks(self, **where: object) -> list[Fields]:
        """The tasks that a filter of `listTasks` finds, the newest first; at most a thousand."""
        answer = self.graphql(_LIST, {"where": where})["listTasks"]
        assert answer["error"] is None, answer
        found: list[Fields] = answer["data"]
        return found

    def statuses(self, **where: object) -> dict[str, str]:
        """What each of them has come to, by its name."""
        return {task["name"]: task["taskStatus"] for task in self.tasks(**where)}
