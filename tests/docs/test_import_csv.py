"""The guide to importCsv: its example runs, and its tables are complete."""

import json
import re
from typing import Any

import boto3
import pytest
import yaml

from definitions.csv_import import allowed, table
from definitions.csv_import.rows import MAX_ROW_BYTES
from definitions.import_csv import MAX_LOGGED, MAX_LOGGED_OF_PAGE, MAX_REASONS, import_csv
from definitions.import_csv import ImportCsvInput as Input
from handler import client
from handler.testing import World
from local.access import Access
from local.sample import Sample
from tests.docs.guide import DOCS, anchors_of, files_of, links_of

GUIDE = (DOCS / "import-csv.md").read_text()
CUSTOMERS = "number;name;;phone;phone\n1;Jürgen;;1;2\n2;Zoë;;3;4\n;Eve;;;\n".encode("cp1252")
# What the task stores in its input for itself; an option of nobody's.
OWN_FIELDS = {"cursor", "etag", "size", "columns", "keys"}
COUNTS = {"written", "duplicates", "rejected", "reasons"}


@pytest.fixture(scope="module", autouse=True)
def quick_table() -> None:
    """moto's own DynamoDB: the task asks for a table's description, which the model has none of."""


def section(title: str) -> str:
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def upload_customers() -> None:
    s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
    s3.create_bucket(Bucket="uploads")
    s3.put_object(Bucket="uploads", Key="customers.csv", Body=CUSTOMERS)
    dynamodb.create_table(
        TableName="customers",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )


@pytest.mark.usefixtures("moto")
def test_its_example_imports_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    config = yaml.safe_load(re.findall(r"```yaml\n(.*?)\n```", GUIDE, re.DOTALL)[0])["config"]
    monkeypatch.setenv(allowed.BUCKETS, json.dumps(config["background-tasks:importCsvBuckets"]))
    monkeypatch.setenv(allowed.TABLES, json.dumps(config["background-tasks:importCsvTables"]))
    client.cache_clear()
    upload_customers()
    names: dict[str, Any] = {}
    exec(files_of(GUIDE)["shop/uploads.py"], names)  # the guide's own text
    [output] = re.findall(r"```json\n(.*?)\n```", GUIDE, re.DOTALL)

    with World.of(import_csv) as world:
        triggered = names["customers_uploaded"]("customers.csv")
        world.finish()

        assert world.result(triggered.id).record.output == json.loads(output)
    items = boto3.client("dynamodb").scan(TableName="customers")["Items"]
    client.cache_clear()
    assert {
        "id": {"S": "1"},
        "name": {"S": "Jürgen"},
        "phone": {"S": "1"},
        "mobile": {"S": "2"},
    } in items


def test_its_table_has_every_field_of_the_input_with_its_default() -> None:
    rows = re.findall(r"^\| (`.+?`) \| (.*?) ?\| ", section("The input"), re.MULTILINE)
    documented = {
        name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)
    }

    for name, field in Input.model_fields.items():
        if name in OWN_FIELDS | COUNTS:
            continue
        default = documented.pop(name)
        if isinstance(field.default, int) and not isinstance(field.default, bool):
            assert default == f"{field.default:,}"
        if isinstance(field.default, str):
            assert default == f"`{field.default}`"
    assert documented == {}
    assert set(re.findall(r"^\| `(\w+)`", section("The counts"), re.MULTILINE)) == COUNTS


def test_it_names_the_permissions_that_the_demo_and_the_readme_give() -> None:
    readme = (DOCS.parent / "README.md").read_text()
    sample = Sample(Access("http://127.0.0.1:1", "eu-central-1", "AKIA", "secret"))
    actions = [action for statement in sample.policy() for action in statement["Action"]]

    assert re.findall(r"^\| `(\w+:\w+)`", section("Permissions"), re.MULTILINE)[:3] == actions
    assert "Action: [dynamodb:DescribeTable, dynamodb:BatchWriteItem]" in readme


def test_it_names_the_limits_as_they_are() -> None:
    limits = section("Limits")

    assert f"{MAX_ROW_BYTES // 1024**2} MiB" in limits
    assert f"{table.MAX_ITEM_BYTES // 1024} KB" in limits
    assert f"{table.MAX_PARTITION_KEY_BYTES:,} bytes, {table.MAX_SORT_KEY_BYTES:,} bytes" in limits
    assert f"{table.MAX_DIGITS} digits, from 1E{table.EXPONENTS.start} to" in limits
    assert f"1E+{table.EXPONENTS.stop}" in limits
    rejected = " ".join(section("Rows that are rejected").split())
    assert f"the first {MAX_REASONS} reasons" in rejected
    assert f"the first {MAX_LOGGED_OF_PAGE} of each page, until {MAX_LOGGED:,} rows" in rejected


def test_each_of_its_links_leads_somewhere() -> None:
    for link in links_of(GUIDE):
        file, _, anchor = link.partition("#")
        assert (DOCS / file).exists()
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else GUIDE)
