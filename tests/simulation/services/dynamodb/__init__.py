"""A model of DynamoDB: the tables of an account in memory, with the faults that AWS documents.

It has what a handler asks for: items one by one, in batches and in transactions, queries, indexes
that project keys, time to live. It has no scan, no TransactGetItems, no other index, no capacity,
and none of the parameters from before there were expressions: it says so when it is asked.
"""

from tests.simulation.services.dynamodb.client import DynamoDB
from tests.simulation.services.dynamodb.decisions import Decisions, Key
from tests.simulation.services.dynamodb.values import Item, Value

__all__ = ["Decisions", "DynamoDB", "Item", "Key", "Value"]
