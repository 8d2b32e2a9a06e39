"""The shop's background tasks."""
