"""SQS queues and their policies."""

from local.resources.attributes import Attributes, changed_of, declared_of
from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType, putting

# The inputs that can change: the API's name of each, and what it is if the program does not set it
# (SQS API reference, SetQueueAttributes).
_ATTRIBUTES: Attributes = {
    "contentBasedDeduplication": ("ContentBasedDeduplication", False),
    "deduplicationScope": ("DeduplicationScope", "queue"),
    "delaySeconds": ("DelaySeconds", 0),
    "fifoThroughputLimit": ("FifoThroughputLimit", "perQueue"),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", 300),
    "kmsMasterKeyId": ("KmsMasterKeyId", ""),
    "maxMessageSize": ("MaximumMessageSize", 1_048_576),
    "messageRetentionSeconds": ("MessageRetentionPeriod", 345_600),
    "policy": ("Policy", ""),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", 0),
    "redriveAllowPolicy": ("RedriveAllowPolicy", ""),
    "redrivePolicy": ("RedrivePolicy", ""),
    "sqsManagedSseEnabled": ("SqsManagedSseEnabled", True),
    "visibilityTimeoutSeconds": ("VisibilityTimeout", 30),
}


def _create(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    attributes = declared_of(_ATTRIBUTES, declared)
    if declared.take("fifoQueue"):
        attributes["FifoQueue"] = "true"
    url = account.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return _outputs(account, url)


def _update(account: Account, before: Existing, declared: Declaration) -> Values:
    declared.drop(*QUEUE.fixed)
    attributes = changed_of(_ATTRIBUTES, before, declared)
    account.client("sqs").set_queue_attributes(QueueUrl=before.id, Attributes=attributes)
    return _outputs(account, before.id)


def _outputs(account: Account, url: str) -> Values:
    name = url.rsplit("/", 1)[1]
    return {"id": url, "url": url, "name": name, "arn": account.arn("sqs", name)}


def _put_policy(account: Account, declared: Declaration) -> Values:
    url = declared.require("queueUrl")
    _set_policy(account, url, declared.require("policy"))
    return {"id": url}


def _set_policy(account: Account, url: str, policy: str) -> None:
    account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _attributes(account: Account, before: Existing) -> Values:
    response: Values = account.client("sqs").get_queue_attributes(
        QueueUrl=before.id, AttributeNames=["All"]
    )["Attributes"]
    return response


QUEUE = ResourceType(
    create=_create,
    update=_update,
    delete=lambda account, before: account.client("sqs").delete_queue(QueueUrl=before.id),
    find=_attributes,
    fixed=("name", "fifoQueue"),
)
POLICY = ResourceType(
    create=_put_policy,
    update=putting(_put_policy),
    delete=lambda account, before: _set_policy(account, before.id, ""),
    find=lambda account, before: _attributes(account, before).get("Policy"),
    fixed=("queueUrl",),
)
