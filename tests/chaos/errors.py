"""What ends a campaign before it has a result."""


class CampaignError(Exception):
    """The campaign could not be run; the message says why."""
