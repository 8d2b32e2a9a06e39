"""The operators' page: what a stack's tasks do, in a browser. This machine alone is served."""

from console.server import PortTaken, serve
from console.stack import Finding, Source, Stack

__all__ = ["Finding", "PortTaken", "Source", "Stack", "serve"]
