"""The AWS provider of the whole stack."""

import pulumi_aws as aws

from infra.settings import Settings


def provider(settings: Settings) -> aws.Provider:
    """A provider for the stack's region and account.

    It tags every resource with project and stack, to search and to split bills by.
    """
    return aws.Provider(
        "aws",
        region=settings.aws.region,
        profile=settings.aws.profile,
        allowed_account_ids=list(settings.aws.allowed_account_ids) or None,
        default_tags=aws.ProviderDefaultTagsArgs(
            tags={"project": settings.project, "stack": settings.stack}
        ),
    )
