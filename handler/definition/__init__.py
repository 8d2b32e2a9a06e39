"""What an author declares: `@task`, verdicts, `Retry`, and the registry that finds them. Nothing
that runs.
"""
