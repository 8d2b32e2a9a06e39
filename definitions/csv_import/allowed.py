"""What an import may read and write: what the stack's config names, and nothing of the stack's own.

The worker's role may do what every task needs, and a task may be triggered by people who may not.
So a name in the input opens nothing: it has to be in the config's list.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from definitions.csv_import.errors import ImportRefused

# Variables of the worker, from the config keys `importCsvBuckets` and `importCsvTables`.
BUCKETS = "IMPORT_CSV_BUCKETS"
TABLES = "IMPORT_CSV_TABLES"
# The stack's own.
OWN_BUCKET = "PAYLOAD_BUCKET_NAME"
OWN_TABLE = "TABLE_NAME"


class Allowed(NamedTuple):
    """The places that the config names.

    Args:
        buckets: `uploads`, or `uploads/customers` for that key and the keys in that folder.
        tables: by the name, or the ARN, that the input has to have.
    """

    buckets: tuple[str, ...]
    tables: tuple[str, ...]
    own_bucket: str
    own_table: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Allowed":
        return cls(
            buckets=tuple(json.loads(environment.get(BUCKETS) or "[]")),
            tables=tuple(json.loads(environment.get(TABLES) or "[]")),
            own_bucket=environment.get(OWN_BUCKET, ""),
            own_table=environment.get(OWN_TABLE, ""),
        )

    def check(self, *, bucket: str, key: str, table: str) -> None:
        """Refuses a file or a table before anything is asked about it.

        Raises:
            ImportRefused: it is the stack's own, or not in the config's list.
        """
        for name, own, field in (
            (bucket, self.own_bucket, "bucket"),
            (table, self.own_table, "table"),
        ):
            if own and _bare(name) == _bare(own):
                raise ImportRefused(
                    f'The {field} "{name}" is the stack\'s own, which no import may use. Next: name'
                    f' another one in "{field}".'
                )
        if not any(_covers(place, bucket, key) for place in self.buckets):
            raise _not_listed(f"read the file s3://{bucket}/{key}", "importCsvBuckets", "bucket")
        if table not in self.tables:
            raise _not_listed(f'write to the table "{table}"', "importCsvTables", "table")


def _covers(place: str, bucket: str, key: str) -> bool:
    """Whether a place of the config has a file. A prefix ends where a folder does."""
    name, slash, prefix = place.partition("/")
    if name != bucket or not slash or not prefix:
        return name == bucket
    is_inside = key.startswith(prefix if prefix.endswith("/") else f"{prefix}/")
    # Some clients would shorten `a/../b`, and S3 doesn't.
    return key == prefix or (is_inside and ".." not in key.split("/"))


def _bare(name: str) -> str:
    """A name without an ARN around it, blanks and capitals."""
    return re.split(r"[:/]", name.strip().strip("/"))[-1].casefold()


def _not_listed(what: str, key: str, field: str) -> ImportRefused:
    return ImportRefused(
        f"The stack's config doesn't let importCsv {what}. Next: correct \"{field}\", or add it to"
        f' the config key "{key}", and deploy.'
    )
