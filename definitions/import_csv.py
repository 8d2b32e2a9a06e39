"""Imports a CSV file from S3 into a DynamoDB table, however large it is."""

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from definitions.csv_import.allowed import Allowed
from definitions.csv_import.batches import Entry, TableWriter
from definitions.csv_import.columns import attributes_of, refuse_without_keys
from definitions.csv_import.encoding import (
    LONGEST_MARK,
    REPLACEMENT,
    UTF_8,
    Encoding,
    canonical,
    detect,
)
from definitions.csv_import.errors import ImportRefused, file_errors
from definitions.csv_import.pages import CsvFile, Page
from definitions.csv_import.position import Position
from definitions.csv_import.rows import Format, Row
from definitions.csv_import.source import GZIP_MAGIC, ZIP_MAGIC, StoredFile, open_source
from definitions.csv_import.table import Item, RowRejected, Schema
from handler import Context, Done, Retry, client, task

MAX_REASONS: Final = 5  # in the output
MAX_LOGGED_OF_PAGE: Final = 20  # reasons in a line of the task's log
MAX_LOGGED: Final = 1_000  # rejected rows of a file, in the task's log
_SHOWN_CHARACTERS: Final = 80
_REASON_CHARACTERS: Final = 200
_START_BYTES: Final = 512  # enough for gzip's header, and for what follows it
_HEADER_HINT: Final = (
    'set "encoding" to that of the file ("cp1252" or "latin-1" from Excel in the West, "utf-16",'
    ' ...), or "quotechar" to its quotes.'
)


class ImportCsvInput(BaseModel):
    """The file, the table and the progress. The first line of the file names the columns."""

    model_config = ConfigDict(extra="forbid")  # an option that is misspelt would have no effect

    bucket: str = Field(min_length=3)
    key: str = Field(min_length=1)
    table: str = Field(min_length=3)
    key_field: str | None = Field(
        default=None,
        min_length=1,
        description="the table's partition key; the table says it, if this is left out",
    )

    delimiter: str = Field(default=",", description="one character, such as ; or a tab")
    quotechar: str = Field(default='"', description="one character; empty: nothing is quoted")
    encoding: Annotated[str, AfterValidator(canonical)] | None = Field(
        default=None, description="by default what the byte order mark says, and else UTF-8"
    )
    gzip: bool | None = Field(default=None, description="by default what the first bytes say")
    skip_columns: list[str] = Field(default=[], description="by name or by number (#3)")
    rename_columns: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default={}, description="from columns, by name or by number (#3), to attributes"
    )

    page_bytes: int = Field(
        default=65_536, ge=1_024, le=8_388_608, description="bytes of the file to read at a time"
    )
    pages_per_iteration: int | None = Field(
        default=None, ge=1, description="by default, as many as the Lambda has time for"
    )
    pause_seconds: int = Field(default=0, ge=0, description="wait between two iterations")

    cursor: Position = Field(default=Position(), description="where the import goes on")
    etag: str = Field(default="", description="the version of the file; empty before the start")
    size: int = Field(default=0, description="of the file, in bytes")
    columns: list[str | None] = Field(default=[], description="their attributes")
    keys: Schema = Schema(keys=[])
    written: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: list[str] = Field(default=[], description="why the first few rows were rejected")

    @field_validator("delimiter", "quotechar")
    @classmethod
    def _one_character(cls, value: str, info: ValidationInfo) -> str:
        is_one = len(value) == 1 and value not in "\r\n\0"
        if is_one or (not value and info.field_name == "quotechar"):
            return value
        raise ValueError("It takes one character, other than a line break or NUL. Next: set one.")

    @model_validator(mode="after")
    def _separable(self) -> "ImportCsvInput":
        if self.delimiter == self.quotechar:
            raise ValueError(
                f"delimiter and quotechar are both {self.delimiter!r}. Next: change one."
            )
        return self


@task(
    id="importCsv",
    title="Import a CSV file",
    retry=Retry(max_attempts=5, backoff=timedelta(seconds=5), exclude=(ImportRefused,)),
)
def import_csv(context: Context, input: ImportCsvInput) -> Done:
    """Writes every row of a CSV file in S3 to a DynamoDB table."""
    Allowed.from_environment().check(bucket=input.bucket, key=input.key, table=input.table)
    if not input.etag:
        # Saved before the first row is written: an import never mixes two versions of a file.
        input = started(input)
        context.save_input(input)
        context.log.info(
            "Import started.", bytes=input.size, encoding=input.encoding, gzip=input.gzip
        )
    for page in context.each(
        file_of(input).pages(input.cursor),
        input,
        total=input.size,
        weight=lambda page: page.weight,
        per_iteration=input.pages_per_iteration,
        pause=timedelta(seconds=input.pause_seconds),
    ):
        import_page(context, page, input)
    output = {
        "written": input.written,
        "duplicates": input.duplicates,
        "rejected": input.rejected,
        "reasons": input.reasons,
    }
    context.log.info("Import ended.", **output)
    return Done(summary(input), output=output)


def summary(input: ImportCsvInput) -> str:
    """What became of the rows, in a sentence."""
    duplicates = (
        f"{input.duplicates:,} replaced by later rows with the same key, "
        if input.duplicates
        else ""
    )
    return f"{input.written:,} rows imported, {duplicates}{input.rejected:,} rejected."


def started(input: ImportCsvInput) -> ImportCsvInput:
    """The input with what the import needs to know of the file and of the table.

    Raises:
        ImportRefused: the file, the table and the options don't fit together.
    """
    input = input.model_copy(update=head(input))
    input = input.model_copy(update={"gzip": is_gzip(input), "keys": keys_of(input)})
    start = start_of(input)
    refuse_packed_twice(start, input)
    input = input.model_copy(update={"encoding": detect(start, input.encoding).name})
    header, cursor = file_of(input).header()
    columns = columns_of(header, input) if header else []
    return input.model_copy(update={"columns": columns, "cursor": cursor})


def head(input: ImportCsvInput) -> dict[str, Any]:
    """The version of the file and its size in bytes, as fields of the input."""
    with file_errors(input.bucket, input.key):
        response = s3().head_object(Bucket=input.bucket, Key=input.key)
    return {"etag": response["ETag"], "size": response["ContentLength"]}


def is_gzip(input: ImportCsvInput) -> bool:
    """Whether the file is gzip, by its first bytes.

    Raises:
        ImportRefused: it is a zip archive, or the option says something else than the bytes.
    """
    file = stored_file(input)
    start = file.read(0, len(ZIP_MAGIC))
    if start == ZIP_MAGIC:
        raise ImportRefused(
            f"{file.name} is a zip archive, or a workbook of Excel. Next: store it as CSV, or as"
            " CSV in gzip."
        )
    found = start.startswith(GZIP_MAGIC)
    if start and input.gzip not in (None, found):
        raise ImportRefused(
            f'"gzip" is {str(input.gzip).lower()}, but {file.name} is'
            f" {'a' if found else 'no'} gzip file: it begins with the bytes {start.hex(' ')}."
            ' Next: leave "gzip" out, or upload the other file.'
        )
    return found


def keys_of(input: ImportCsvInput) -> Schema:
    """The keys of the table.

    Raises:
        ImportRefused: `key_field` is not the partition key.
    """
    keys = Schema.from_table(dynamodb(), input.table)
    partition_key = keys.primary[0].name
    named = input.key_field
    if named is not None and partition_key not in (named, input.rename_columns.get(named)):
        raise ImportRefused(
            f'"key_field" is "{named}", but the partition key of table "{input.table}" is'
            f' "{partition_key}". Next: leave "key_field" out. If the file calls it "{named}", set'
            f' "rename_columns" to {{"{named}": "{partition_key}"}}.'
        )
    return keys


def start_of(input: ImportCsvInput) -> bytes:
    """The first bytes of the text: a byte order mark, if there is one."""
    start = b""
    for chunk in open_source(
        stored_file(input), Position(), chunk_bytes=_START_BYTES, is_gzip=bool(input.gzip)
    ).chunks():
        start += chunk
        if len(start) >= LONGEST_MARK:
            break
    return start


def refuse_packed_twice(start: bytes, input: ImportCsvInput) -> None:
    """Raises `ImportRefused` if the text of a gzip file is packed itself."""
    if start.startswith((GZIP_MAGIC, ZIP_MAGIC)):
        raise ImportRefused(
            f"{stored_file(input).name} is a gzip file with another archive in it. Next: pack the"
            " CSV file itself, and once."
        )


def columns_of(header: Row, input: ImportCsvInput) -> list[str | None]:
    """The attributes of the columns.

    Raises:
        ImportRefused: the header can't be used; the message says what to do.
    """
    if header.problem:
        raise ImportRefused(
            f"The first line of the file, which names the columns, can't be read: {header.problem}."
            f" Next: {_HEADER_HINT}"
        )
    if not header.values:
        raise ImportRefused(
            "The first line of the file is empty. Next: write the names of the columns there."
        )
    names = [name.strip() for name in header.values]  # spaces around a name don't belong to it
    columns = attributes_of(names, skip=input.skip_columns, rename=input.rename_columns)
    refuse_without_keys(columns, input.keys, names)
    return columns


def file_of(input: ImportCsvInput) -> CsvFile:
    """The file, as the input says to read it."""
    return CsvFile(
        stored=stored_file(input),
        encoding=Encoding(input.encoding or UTF_8),
        format=Format(input.delimiter, input.quotechar),
        is_gzip=bool(input.gzip),
        page_bytes=input.page_bytes,
    )


def stored_file(input: ImportCsvInput) -> StoredFile:
    """The version of the file that the import began with."""
    return StoredFile(s3(), input.bucket, input.key, input.etag, input.size)


def import_page(context: Context, page: Page, input: ImportCsvInput) -> None:
    """Writes the rows of a page, and counts what became of them."""
    entries: list[Entry] = []
    rejected: list[tuple[Row, str]] = []
    for row in page.rows:
        try:
            entries.append(Entry(row, item_of(row, input)))
        except RowRejected as error:
            rejected.append((row, str(error)))
    result = TableWriter(dynamodb(), input.table, input.keys).write(entries)
    rejected += [(refusal.entry.row, refusal.reason) for refusal in result.refused]
    input.written += result.rows
    input.duplicates += result.replaced
    reject(context, rejected, input)


def item_of(row: Row, input: ImportCsvInput) -> Item:
    """The item of a row.

    Raises:
        RowRejected: it can't be written; the text says why.
    """
    if row.problem:
        raise RowRejected(row.problem)
    if len(row.values) != len(input.columns):
        raise RowRejected(f"{len(row.values)} values for {len(input.columns)} columns")
    pairs = zip(input.columns, row.values, strict=True)
    return input.keys.item({name: value for name, value in pairs if name is not None})


def reject(context: Context, rows: list[tuple[Row, str]], input: ImportCsvInput) -> None:
    """Counts rejected rows; the log has the first ones, the output a few of them."""
    if not rows:
        return
    reasons = [reason_of(row, why) for row, why in sorted(rows)]
    if input.rejected < MAX_LOGGED:
        context.log.info(f"{len(reasons):,} rows rejected.", reasons=reasons[:MAX_LOGGED_OF_PAGE])
    input.rejected += len(reasons)
    input.reasons = [*input.reasons, *reasons][:MAX_REASONS]


def reason_of(row: Row, why: str) -> str:
    """Why a row was rejected: its line, the reason, and its beginning."""
    shown = " ".join(",".join(row.values)[:_SHOWN_CHARACTERS].split()).replace(REPLACEMENT, "?")
    return f"line {row.line}: {why[:_REASON_CHARACTERS]}" + (f": {shown}" if shown else "")


def s3() -> Any:
    return client("s3")


def dynamodb() -> Any:
    return client("dynamodb")
