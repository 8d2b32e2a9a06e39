"""CloudWatch log groups."""

from local.resources.declaration import Account, Declaration, Values


def create_log_group(account: Account, declared: Declaration) -> Values:
    """Creates a log group, with its retention in days."""
    name = declared.physical_name()
    days = declared.take("retentionInDays", 0)  # 0: lines never expire
    declared.take("skipDestroy")
    logs = account.client("logs")
    logs.create_log_group(logGroupName=name, **_as_request(declared))
    if days:
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return {"id": name, "name": name, "arn": account.arn("logs", f"log-group:{name}")}


def _as_request(declared: Declaration) -> Values:
    return {key[0].lower() + key[1:]: value for key, value in declared.take_rest().items()}
