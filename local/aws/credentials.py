"""Only keys that the account issued are accepted.

ministack treats three kinds of callers as root, and checks none of their signatures: the key
`test`, any account id as a key, and unsigned requests to S3. AWS refuses each (IAM user guide, "AWS
security credentials"). Here the only root key is the one that ministack was started with.
"""

import os

from local.aws.patch import Original, module, replace


def apply() -> None:
    """Replaces the check for a root key in each module that imports it."""
    for importer in ("core.iam_evaluator", "services.sts"):
        replace(module(importer), "is_root_access_key", _the_configured_one)


def _the_configured_one(_: Original) -> Original:
    root_key = os.environ["AWS_ACCESS_KEY_ID"]
    return lambda access_key_id: access_key_id == root_key
