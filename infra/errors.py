"""What stops a deployment before it touches AWS. Pulumi prints these without a stack trace: the
message has to do.
"""

import pulumi


class DeployError(pulumi.RunError):
    """The program can't be deployed as it is; the message says what to change."""


class ConfigError(DeployError):
    """The stack's config has a missing, a wrong or an unknown key."""


class BundleError(DeployError):
    """The code that the Lambdas run can't be put together."""
