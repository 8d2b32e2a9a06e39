"""Only a key that the account issued opens it.

ministack takes three kinds of callers for the account's root, and checks none of their signatures:
the key `test`, any account id, and whoever sends no key at all to S3. On AWS each is refused (IAM
user guide, "AWS security credentials"). Here the one root key is the one that it was started with.
"""

import os

from local.aws.patch import Original, module, replace


def apply() -> None:
    for importer in ("core.iam_evaluator", "services.sts"):
        replace(module(importer), "is_root_access_key", _the_configured_one)


def _the_configured_one(_: Original) -> Original:
    root_key = os.environ["AWS_ACCESS_KEY_ID"]
    return lambda access_key_id: access_key_id == root_key
