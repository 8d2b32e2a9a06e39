"""A client for each AWS service but the table: bus, executions, dead letters, metrics. No rule
about tasks.
"""
