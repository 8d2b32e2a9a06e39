"""The AWS provider that every resource of the stack is made with."""

import pulumi_aws as aws

from infra.settings import Settings


def provider(settings: Settings) -> aws.Provider:
    """The stack's region and account, and tags on everything that can have them: bills and searches
    go by these.
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
