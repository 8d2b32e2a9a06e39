"""What ends an import at once: trying again would not help."""


class ImportRefused(ValueError):
    """The file, the table or the options have to change. The message says which, and how."""
