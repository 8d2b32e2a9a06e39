"""A model of DynamoDB: one account's tables, in memory, with the faults that AWS documents."""

from tests.simulation.services.dynamodb.client import DynamoDB
from tests.simulation.services.dynamodb.decisions import Decisions, Key
from tests.simulation.services.dynamodb.values import Item, Value

__all__ = ["Decisions", "DynamoDB", "Item", "Key", "Value"]
