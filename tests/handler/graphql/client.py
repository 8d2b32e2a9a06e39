"""A client of the API: Webiny's documents, as its own clients send them."""

import json
from typing import Any

from handler import Context, Continue, Done, Verdict, api, task
from tests.handler.simple_tasks import SizeInput
from tests.handler.stack import Stack, event_file, lambda_context

TASK_FIELDS = """
    id
    createdOn
    savedOn
    createdBy { id displayName type }
    name
    definitionId
    parentId
    executionName
    taskStatus
    iterations
    input
    output
    eventResponse
    startedOn
    finishedOn
"""
LOG_FIELDS = """
    id
    createdOn
    createdBy { id displayName type }
    executionName
    iteration
    items { message createdOn type data error }
"""
ERROR_FIELDS = "error { message code data stack }"
META_FIELDS = "meta { cursor hasMoreItems totalCount }"

GET_TASK = f"""query GetTask($id: ID!) {{
    backgroundTasks {{
        getTask(id: $id) {{ data {{ {TASK_FIELDS} logs {{ {LOG_FIELDS} }} }} {ERROR_FIELDS} }}
    }}
}}"""
LIST_TASKS = f"""query ListTasks(
    $where: WebinyBackgroundTaskListWhereInput,
    $sort: [WebinyBackgroundTaskListSorter!],
    $limit: Int,
    $after: String
) {{
    backgroundTasks {{
        listTasks(where: $where, sort: $sort, limit: $limit, after: $after) {{
            data {{ {TASK_FIELDS} }} {META_FIELDS} {ERROR_FIELDS}
        }}
    }}
}}"""
LIST_DEFINITIONS = f"""query ListDefinitions {{
    backgroundTasks {{
        listDefinitions {{ data {{ id title description fields }} {ERROR_FIELDS} }}
    }}
}}"""
LIST_LOGS = f"""query ListLogs(
    $where: WebinyBackgroundTaskLogListWhereInput,
    $sort: [WebinyBackgroundTaskLogListSorter!],
    $limit: Int,
    $after: String
) {{
    backgroundTasks {{
        listLogs(where: $where, sort: $sort, limit: $limit, after: $after) {{
            data {{ {LOG_FIELDS} task {{ id name }} }} {META_FIELDS} {ERROR_FIELDS}
        }}
    }}
}}"""
TRIGGER_TASK = f"""mutation TriggerTask(
    $definition: WebinyBackgroundTaskDefinitionEnum!,
    $input: JSON,
    $name: String,
    $delay: Number
) {{
    backgroundTasks {{
        triggerTask(definition: $definition, input: $input, name: $name, delay: $delay) {{
            data {{ {TASK_FIELDS} }} {ERROR_FIELDS}
        }}
    }}
}}"""
RETRY_TASK = f"""mutation RetryTask($id: ID!, $input: JSON, $fromStart: Boolean) {{
    backgroundTasks {{
        retryTask(id: $id, input: $input, fromStart: $fromStart) {{
            data {{ {TASK_FIELDS} retryOf retriedBy }} {ERROR_FIELDS}
        }}
    }}
}}"""
ABORT_TASK = f"""mutation AbortTask($id: ID!, $message: String) {{
    backgroundTasks {{
        abortTask(id: $id, message: $message) {{ data {{ {TASK_FIELDS} }} {ERROR_FIELDS} }}
    }}
}}"""
RUN_TASK_NOW = f"""mutation RunTaskNow($id: ID!) {{
    backgroundTasks {{ runTaskNow(id: $id) {{ data {{ {TASK_FIELDS} }} {ERROR_FIELDS} }} }}
}}"""
SIGNAL_TASK = f"""mutation SignalTask($id: ID!, $name: String!, $data: JSON, $key: String) {{
    backgroundTasks {{ signalTask(id: $id, name: $name, data: $data, key: $key) {{
        data {{ {TASK_FIELDS} waitingFor }} {ERROR_FIELDS}
    }} }}
}}"""
HEARTBEAT_TASK = f"""mutation HeartbeatTask($id: ID!, $name: String!) {{
    backgroundTasks {{ heartbeatTask(id: $id, name: $name) {{
        data {{ {TASK_FIELDS} waitingFor }} {ERROR_FIELDS}
    }} }}
}}"""
PAUSE_TASK = f"""mutation PauseTask($id: ID!) {{
    backgroundTasks {{ pauseTask(id: $id) {{ data {{ {TASK_FIELDS} pausedOn }} {ERROR_FIELDS} }} }}
}}"""
RESUME_TASK = f"""mutation ResumeTask($id: ID!) {{
    backgroundTasks {{ resumeTask(id: $id) {{ data {{ {TASK_FIELDS} pausedOn }} {ERROR_FIELDS} }} }}
}}"""
IN_BULK = """mutation InBulk(
    $where: WebinyBackgroundTaskListWhereInput!,
    $dryRun: Boolean,
    $rate: Number,
    $idempotencyKey: String
) {
    backgroundTasks {
        %s(where: $where, dryRun: $dryRun, rate: $rate, idempotencyKey: $idempotencyKey) {
            data { count isCountCapped task { id definitionId createdBy { id } input } }
            error { message code data stack }
        }
    }
}"""
DELETE_TASK = f"""mutation DeleteTask($id: ID!) {{
    backgroundTasks {{ deleteTask(id: $id) {{ data {ERROR_FIELDS} }} }}
}}"""


@task(id="testingRun", title="A test run")
def testing_run(context: Context) -> Done:
    return Done()


@task(id="exportUsers", title="Export users", description="Exports them all.")
def export_users(context: Context, input: SizeInput) -> Verdict:
    context.log.info("Exported.", rows=3)
    return Done(output={"size": input.size}) if context.task.iterations == 2 else Continue()


@task(id="cleanUp", private=True)
def clean_up(context: Context) -> Done:
    return Done()


class Api:
    """A client of the API's Lambda: its events are the events of an HTTP API.

    It can trigger `testingRun` and `exportUsers`; `cleanUp` is private.
    """

    def __init__(self, stack: Stack) -> None:
        stack.definitions = (testing_run, export_users, clean_up)
        self.headers: dict[str, str] = {}
        self.stack = stack

    def call(self, event: object) -> Any:
        """The Lambda's whole response to an event."""
        return api.handler(event, lambda_context(30))  # type: ignore[arg-type]

    def send(self, body: object, *, event: str = "http_api_iam", **changes: object) -> Any:
        """The Lambda's whole response to a body."""
        sent = event_file(event)
        text = body if isinstance(body, str) else json.dumps(body)
        headers = sent["headers"] | self.headers
        return self.call(
            sent | {"headers": headers, "body": text, "isBase64Encoded": False} | changes
        )

    def ask(self, query: str, *, event: str = "http_api_iam", **variables: object) -> Any:
        """What GraphQL answers to a document."""
        answer = self.send({"query": query, "variables": variables}, event=event)
        assert answer["statusCode"] == 200
        assert answer["headers"]["content-type"] == "application/json"
        return json.loads(answer["body"])

    def envelope(self, query: str, *, event: str = "http_api_iam", **variables: object) -> Any:
        """What an operation answers: its data and its error."""
        answer = self.ask(query, event=event, **variables)
        assert "errors" not in answer, answer
        (envelope,) = answer["data"]["backgroundTasks"].values()
        return envelope

    def data(self, query: str, *, event: str = "http_api_iam", **variables: object) -> Any:
        """The data of an operation that has no error."""
        envelope = self.envelope(query, event=event, **variables)
        assert envelope["error"] is None
        return envelope["data"]
