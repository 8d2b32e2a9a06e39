"""Errors that stop a deployment before it changes anything in AWS.

Pulumi prints a `RunError` without a stack trace, so the message must say it all.
"""

import pulumi


class DeployError(pulumi.RunError):
    """The program can't be deployed. The message says what to change."""


class ConfigError(DeployError):
    """A key of the stack's config is missing, invalid or unknown."""


class BundleError(DeployError):
    """The bundle can't be built."""
