"""The data of the demo: a file of airports."""

import pytest

from local.access import Access
from local.sample import AIRPORTS, KEY_FIELD, Sample


@pytest.fixture
def sample() -> Sample:
    return Sample(Access("http://127.0.0.1:1", "eu-central-1", "AKIA", "secret"))


def test_the_file_has_3376_rows_each_with_its_own_key(sample: Sample) -> None:
    header, *lines = AIRPORTS.read_text().splitlines()
    keys = {line.split(",")[0] for line in lines}

    assert header.split(",")[0] == KEY_FIELD
    assert sample.rows_in_file() == len(keys) == 3376


def test_its_policy_allows_reading_the_file_and_the_tables_keys_and_writing_rows_only(
    sample: Sample,
) -> None:
    assert sample.policy() == [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::demo-files/airports.csv"],
        },
        {
            "Effect": "Allow",
            "Action": ["dynamodb:DescribeTable", "dynamodb:BatchWriteItem"],
            "Resource": ["arn:aws:dynamodb:eu-central-1:000000000000:table/demo-airports"],
        },
    ]


def test_its_config_lets_import_csv_use_the_file_and_the_table_only(sample: Sample) -> None:
    assert sample.config() == {
        "workerPolicyStatements": sample.policy(),
        "importCsvBuckets": ["demo-files/airports.csv"],
        "importCsvTables": ["demo-airports"],
    }
