"""What differs between AWS's partitions: AWS itself, GovCloud, China, the European Sovereign Cloud.

An ARN names its partition, and the ARNs that the program works with come from AWS: no name of a
partition, and no domain of one, is written down anywhere else.
"""

from types import MappingProxyType
from typing import Final

# The consoles' domains, each behind the region's name (AWS General Reference, "AWS Management
# Console endpoints and quotas"; GovCloud user guide, "Endpoints"; "Getting Started with Amazon Web
# Services in China"; AWS European Sovereign Cloud reference, "Service endpoints"). The isolated
# partitions have no public console.
CONSOLE_DOMAINS: Final = MappingProxyType(
    {
        "aws": "console.aws.amazon.com",
        "aws-cn": "console.amazonaws.cn",
        "aws-eusc": "console.amazonaws-eusc.eu",
        "aws-us-gov": "console.amazonaws-us-gov.com",
    }
)


def partition_of(arn: str) -> str:
    """The partition that an ARN names: `aws-cn` of `arn:aws-cn:lambda:...`."""
    return arn.split(":")[1]


def region_of(arn: str) -> str:
    return arn.split(":")[3]


def account_of(arn: str) -> str:
    return arn.split(":")[4]


def service_principal(service: str) -> str:
    """What a policy calls a service: `lambda.amazonaws.com`.

    For the services used here it has the same domain in every partition. Where it differs (EC2 and
    EMR in China) is in the AWS CDK's package region-info, `default.ts`.
    """
    return f"{service}.amazonaws.com"
