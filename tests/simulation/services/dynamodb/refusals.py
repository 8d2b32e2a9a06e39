"""What DynamoDB refuses, by its codes."""

from tests.simulation.services.errors import Refused


def invalid(message: str) -> Refused:
    """A request that can't be carried out as it is written."""
    return Refused("ValidationException", message)
