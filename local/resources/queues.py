"""SQS queues and their policies."""

from local.resources.declaration import Account, Declaration, Values

# Inputs of the provider whose names differ from the API's attributes.
_ATTRIBUTES = {
    "MaxMessageSize": "MaximumMessageSize",
    "MessageRetentionSeconds": "MessageRetentionPeriod",
    "ReceiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeoutSeconds": "VisibilityTimeout",
}


def create_queue(account: Account, declared: Declaration) -> Values:
    """Creates a queue."""
    name = declared.physical_name()
    attributes = {
        _ATTRIBUTES.get(key, key): _as_text(value) for key, value in declared.take_rest().items()
    }
    url = account.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return {"id": url, "url": url, "name": name, "arn": account.arn("sqs", name)}


def put_queue_policy(account: Account, declared: Declaration) -> Values:
    """Sets the policy of a queue."""
    url = declared.require("queueUrl")
    account.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": declared.require("policy")}
    )
    return {"id": url}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
