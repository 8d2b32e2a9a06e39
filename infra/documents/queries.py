"""Queries of CloudWatch Logs Insights that are saved with the stack, over its Lambdas' logs."""

from types import MappingProxyType
from typing import Final

# The fields are those of docs/writing-tasks.md, "Logging".
QUERIES: Final = MappingProxyType(
    {
        "one task": """\
fields @timestamp, level, iteration, message, exception
| filter task_id = "put the task's id here"
| sort @timestamp asc
| limit 1000""",
        "errors": """\
filter level = "ERROR"
| stats count(*) as times, latest(@timestamp) as last by definition_id, message
| sort times desc""",
        "slowest invocations": """\
filter @type = "REPORT"
| fields @timestamp, @requestId, @duration / 1000 as seconds, @maxMemoryUsed / 1000000 as MB
| sort @duration desc
| limit 50""",
        "visits by definition": """\
filter action = "visit"
| stats count(*) as visits by definition_id, answer
| sort visits desc""",
        "what the recovery did": """\
filter action in ["recovered", "dropped", "kept", "recovery_failed", "hook_given_up"]
| fields @timestamp, action, task_id, message
| sort @timestamp desc
| limit 200""",
        "who changed what": """\
filter action = "audit"
| fields @timestamp, operation, outcome, about_task_id, identity_id, tenant
| sort @timestamp desc
| limit 200""",
    }
)
