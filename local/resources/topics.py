"""SNS topics, their policies and their subscriptions."""

import json

from local.errors import DeploymentFailed
from local.resources.attributes import Attributes, changed_of, declared_of
from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType, putting

# The inputs that can change: the API's name of each, and what it is if the program does not set it.
_TOPIC: Attributes = {
    "contentBasedDeduplication": ("ContentBasedDeduplication", False),
    "deliveryPolicy": ("DeliveryPolicy", ""),
    "displayName": ("DisplayName", ""),
    "kmsMasterKeyId": ("KmsMasterKeyId", ""),
    "signatureVersion": ("SignatureVersion", 1),
    "tracingConfig": ("TracingConfig", "PassThrough"),
}
_SUBSCRIPTION: Attributes = {
    "deliveryPolicy": ("DeliveryPolicy", ""),
    "filterPolicy": ("FilterPolicy", ""),
    "filterPolicyScope": ("FilterPolicyScope", "MessageAttributes"),
    "rawMessageDelivery": ("RawMessageDelivery", False),
    "redrivePolicy": ("RedrivePolicy", ""),
    "subscriptionRoleArn": ("SubscriptionRoleArn", ""),
}
# SNS reaches them only after the endpoint has confirmed, and no endpoint of the internet can.
_UNREACHABLE = ("http", "https")
_CONFIRMATION = ("endpointAutoConfirms", "confirmationTimeoutInMinutes")
_DEFAULT_POLICY = "__default_policy_ID"


def _create_topic(account: Account, declared: Declaration) -> Values:
    name, policy = declared.physical_name(), declared.take("policy")
    attributes = declared_of(_TOPIC, declared) | ({"Policy": policy} if policy else {})
    if declared.take("fifoTopic"):
        attributes["FifoTopic"] = "true"
    arn = account.client("sns").create_topic(Name=name, Attributes=attributes)["TopicArn"]
    return {"id": arn, "arn": arn, "name": name}


def _update_topic(account: Account, before: Existing, declared: Declaration) -> Values:
    name, policy = declared.require("name"), declared.take("policy")
    declared.drop("fifoTopic")
    changed = changed_of(_TOPIC, before, declared)
    if policy != before.get("policy"):
        changed["Policy"] = policy or _default_policy(account, before.id)
    for attribute, value in changed.items():
        account.client("sns").set_topic_attributes(
            TopicArn=before.id, AttributeName=attribute, AttributeValue=value
        )
    return {"id": before.id, "arn": before.id, "name": name}


def _topic(account: Account, before: Existing) -> Values:
    attributes: Values = account.client("sns").get_topic_attributes(TopicArn=before.id)[
        "Attributes"
    ]
    return attributes


def _put_policy(account: Account, declared: Declaration) -> Values:
    arn = declared.require("arn")
    _set_policy(account, arn, declared.require("policy"))
    return {"id": arn, "owner": account.id}


def _set_policy(account: Account, arn: str, policy: str) -> None:
    account.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy
    )


def _default_policy(account: Account, arn: str) -> str:
    """The policy of a topic that was given none: only its owner may use it."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:Receive"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account.id}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": _DEFAULT_POLICY, "Statement": [statement]})


def _has_policy(account: Account, before: Existing) -> bool:
    policy = json.loads(_topic(account, before)["Policy"])
    return bool(policy.get("Id") != _DEFAULT_POLICY)


def _subscribe(account: Account, declared: Declaration) -> Values:
    _refuse_unreachable(declared, protocol := declared.require("protocol"))
    declared.drop(*_CONFIRMATION)
    # An e-mail address counts as confirmed at once; ministack sends nothing to it.
    arn = account.client("sns").subscribe(
        TopicArn=declared.require("topic"),
        Protocol=protocol,
        Endpoint=declared.require("endpoint"),
        Attributes=declared_of(_SUBSCRIPTION, declared),
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return {"id": arn, "arn": arn}


def _refuse_unreachable(declared: Declaration, protocol: str) -> None:
    if protocol in _UNREACHABLE:
        raise DeploymentFailed(
            f"{declared} has the protocol {protocol}. The local AWS calls no endpoint outside of"
            " it. Next: subscribe an e-mail address, a queue or a function."
        )


def _update_subscription(account: Account, before: Existing, declared: Declaration) -> Values:
    declared.drop(*SUBSCRIPTION.fixed, *_CONFIRMATION)
    for attribute, value in changed_of(_SUBSCRIPTION, before, declared).items():
        account.client("sns").set_subscription_attributes(
            SubscriptionArn=before.id, AttributeName=attribute, AttributeValue=value
        )
    return {"id": before.id, "arn": before.id}


TOPIC = ResourceType(
    create=_create_topic,
    update=_update_topic,
    delete=lambda account, before: account.client("sns").delete_topic(TopicArn=before.id),
    find=_topic,
    fixed=("name", "fifoTopic"),
)
POLICY = ResourceType(
    create=_put_policy,
    update=putting(_put_policy),
    delete=lambda account, before: _set_policy(
        account, before.id, _default_policy(account, before.id)
    ),
    find=_has_policy,
    fixed=("arn",),
)
SUBSCRIPTION = ResourceType(
    create=_subscribe,
    update=_update_subscription,
    delete=lambda account, before: account.client("sns").unsubscribe(SubscriptionArn=before.id),
    find=lambda account, before: account.client("sns").get_subscription_attributes(
        SubscriptionArn=before.id
    ),
    fixed=("topic", "protocol", "endpoint"),
)
