"""The stack of these tests, and whoever asks it: each may do something else."""

import json
from dataclasses import replace
from typing import Any, Final

from local.deployed import Deployed
from tests.running import Running

_USERS: Final = "arn:aws:iam::000000000000:user"
# The user of each, and what the config lets them do.
PEOPLE: Final = {"reader": "r", "owner": "r own", "changer": "rw", "nobody": ""}
CONFIG: Final[dict[str, Any]] = {
    "apiPermissions": [
        {"principal": f"{_USERS}/local", "permissions": "rwd", "tenants": ["*"]},
        *(
            {"principal": f"{_USERS}/{name}", "permissions": said}
            for name, said in PEOPLE.items()
            if said
        ),
    ]
}
_MAY_CALL: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["execute-api:Invoke"], "Resource": ["*"]}],
    }
)


def as_caller(running: Running, name: str) -> Deployed:
    """The stack, as one of `PEOPLE` reaches it: with a key of their own."""
    iam = running.client("iam")
    if name not in [user["UserName"] for user in iam.list_users()["Users"]]:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="call", PolicyDocument=_MAY_CALL)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    access = replace(
        running.deployed.access,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    # What was read from the file of a local AWS has the key, too.
    named = {"accessKeyId": access.access_key_id, "secretAccessKey": access.secret_access_key}
    return Deployed(access, {**running.deployed.outputs, **named})
