"""Where an import goes on in its file."""

from pydantic import BaseModel, ConfigDict, Field


class Position(BaseModel):
    """The beginning of a row, and all that is needed to read on from there.

    Bytes are those of the text. In a gzip file, the bytes as they are stored have names of their
    own.
    """

    model_config = ConfigDict(frozen=True)

    byte: int = Field(default=0, ge=0, description="the first byte that is not imported yet")
    line: int = Field(default=1, ge=1, description="the number of the line that begins there")
    in_long_line: bool = Field(
        default=False, description="whether a line that is too long for a row goes on there"
    )
    counted: int = Field(default=0, ge=0, description="bytes of the stored file, in the progress")
    member_at: int = Field(
        default=0, ge=0, description="the first byte of the gzip member, in the stored file"
    )
    member_byte: int = Field(default=0, ge=0, description="the first byte of its text")
