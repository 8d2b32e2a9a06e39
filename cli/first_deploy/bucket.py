"""The payload bucket's encryption, as AWS gives it back."""

from cli.first_deploy.results import Failed, Ok, Result
from cli.first_deploy.stack import Stack
from infra.payload_bucket import BLOCKED_ENCRYPTION_TYPES


def encryption(stack: Stack) -> Result:
    """Whether it is what the program sent. What AWS changes differs in every preview."""
    [rule, *_] = stack.client("s3").get_bucket_encryption(
        Bucket=stack.outputs["payloadBucketName"]
    )["ServerSideEncryptionConfiguration"]["Rules"]
    key = stack.setting("kmsKeyArn")
    found = {
        "algorithm": rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
        "bucket key": rule.get("BucketKeyEnabled", False),
        "blocked": rule.get("BlockedEncryptionTypes", {}).get("EncryptionType", []),
    }
    sent = {
        "algorithm": "aws:kms" if key else "AES256",
        "bucket key": bool(key),
        "blocked": list(BLOCKED_ENCRYPTION_TYPES),
    }
    different = {name: found[name] for name in sent if found[name] != sent[name]}
    if not different:
        return Ok(f"{sent['algorithm']}, {', '.join(BLOCKED_ENCRYPTION_TYPES)} blocked.")
    return Failed(
        f"AWS has {different}, the program sent { {name: sent[name] for name in different} }.",
        "pulumi refresh, then pulumi up. If it comes back, report it.",
    )
