"""The example of a parent that waits for its children."""

import gzip
from typing import Any

import pytest
from moto import mock_aws

from docs.examples.compress_logs import compress_log, compress_logs, s3
from handler.testing import Result, World, abort, run
from tests.docs.dying import Actions, survives_a_kill_at_every_call

FILES = {"logs/a.log": b"one line\n" * 50, "logs/b.log": b"another line\n" * 50}


def bucket(files: dict[str, bytes] = FILES) -> None:
    """Creates a bucket with log files, and one file that is not a log."""
    s3().create_bucket(Bucket="shop")
    for key, content in {**files, "readme.txt": b"not a log"}.items():
        s3().put_object(Bucket="shop", Key=key, Body=content)


def compressed() -> dict[str, bytes]:
    """The content of the compressed files, unpacked."""
    found = s3().list_objects_v2(Bucket="shop", Prefix="compressed/").get("Contents", [])
    return {
        item["Key"]: gzip.decompress(s3().get_object(Bucket="shop", Key=item["Key"])["Body"].read())
        for item in found
    }


def compress(**options: Any) -> Result:
    return run(compress_logs, {"bucket": "shop"}, children=[compress_log], **options)


def loses(key: str) -> Any:
    """Deletes a file during the run."""

    def lose(_: World) -> None:
        s3().delete_object(Bucket="shop", Key=key)

    return lose


@pytest.mark.usefixtures("moto")
def test_every_file_is_compressed_by_a_child_of_its_own() -> None:
    bucket()

    result = compress()

    assert compressed() == {f"compressed/{key}.gz": content for key, content in FILES.items()}
    assert sorted(child.name for child in result.children) == sorted(FILES)


@pytest.mark.usefixtures("moto")
def test_the_parent_sums_the_outputs_of_its_children() -> None:
    bucket()

    output = compress().record.output
    packed = sum(
        item["Size"]
        for item in s3().list_objects_v2(Bucket="shop", Prefix="compressed/")["Contents"]
    )

    assert output == {
        "compressed": 2,
        "bytes_saved": sum(map(len, FILES.values())) - packed,
        "failed": [],
    }


@pytest.mark.usefixtures("moto")
def test_the_parent_waits_until_the_last_child_is_over() -> None:
    bucket()

    result = compress()

    assert result.waits
    assert result.record.finished_on
    assert all(
        child.finished_on and child.finished_on <= result.record.finished_on
        for child in result.children
    )


@pytest.mark.usefixtures("moto")
def test_a_failed_child_is_named_in_the_output_and_the_others_count() -> None:
    bucket()

    result = compress(after={2: loses("logs/a.log")})

    assert result.record.status == "success"
    assert result.record.output
    assert (result.record.output["compressed"], result.record.output["failed"]) == (
        1,
        ["logs/a.log"],
    )


@pytest.mark.usefixtures("moto")
def test_the_parent_fails_if_every_child_fails() -> None:
    bucket({"logs/a.log": b"a line"})

    result = compress(after={2: loses("logs/a.log")})

    assert result.record.status == "failed"
    assert result.answers[-1]["error"] == {
        "message": "None of 1 files could be compressed.",
        "code": "NOTHING_COMPRESSED",
        "data": {"failed": ["logs/a.log"]},
    }


@pytest.mark.usefixtures("moto")
def test_a_bucket_without_logs_ends_at_once() -> None:
    bucket({})

    result = compress()

    assert (result.iterations, result.waits) == (1, ())
    assert result.record.output == {"compressed": 0, "bytes_saved": 0, "failed": []}


@pytest.mark.usefixtures("moto")
def test_aborting_the_parent_aborts_its_children() -> None:
    bucket()

    result = compress(after={4: abort})

    assert result.record.status == "aborted"
    assert {child.status for child in result.children} == {"aborted"}
    assert not compressed()


@pytest.mark.slow
def test_a_worker_killed_at_any_call_gives_each_file_one_child() -> None:
    def from_nothing(before: Actions, after: Actions) -> tuple[Result, object]:
        with mock_aws():
            bucket()
            result = compress(before=before, after=after)
            children = sorted((child.name, child.status) for child in result.children)
            return result, (compressed(), children, result.record.output)

    survives_a_kill_at_every_call(from_nothing)
