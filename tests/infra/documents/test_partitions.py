"""The program in every partition of AWS: no ARN and no URL is of another one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handler import Context, Done, task
from handler.definition.registry import Registry
from infra.documents.partitions import CONSOLE_DOMAINS
from infra.documents.state_machine_definition import definition
from tests.infra.recording import ROOT, Program, partition_of, run

REGIONS = ("eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1")
CONSOLES = {
    "eu-central-1": "eu-central-1.console.aws.amazon.com",
    "us-gov-west-1": "us-gov-west-1.console.amazonaws-us-gov.com",
    "cn-north-1": "cn-north-1.console.amazonaws.cn",
    "eusc-de-east-1": "eusc-de-east-1.console.amazonaws-eusc.eu",
}
ARN = re.compile(r"arn:([\w-]+):([\w-]*):([\w-]*):")
URL = re.compile(r"https://([\w.-]+)")
PRINCIPAL = re.compile(r"(lambda|states|events|scheduler|apigateway)\.amazonaws\.com")
# One partition's name, or one's domain, in a text of the source.
OF_ONE_PARTITION = re.compile(
    r"arn:aws|amazonaws\.(?!com\"$)|\.amazonaws|console\.aws|aws\.amazon\.com|c2s\.ic\.gov"
)
SOURCES = sorted(
    [*(ROOT / "infra").rglob("*.py"), *(ROOT / "handler").rglob("*.py"), ROOT / "__main__.py"]
)
# The one table of them, and the test kit, which runs on moto's account.
NAMING_PARTITIONS = (
    ROOT / "infra" / "documents" / "partitions.py",
    ROOT / "handler" / "testing" / "world.py",
)


@pytest.fixture(scope="module", params=REGIONS)
def stack(request: pytest.FixtureRequest) -> Iterator[Program]:
    """The whole program, with a task that has a schedule, in a region of each partition."""

    @task(schedule="cron(0 3 * * ? *)")
    def nightly(context: Context) -> Done:
        return Done()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.bundle.discover", lambda **_: Registry([nightly]))
        yield run({"aws:region": request.param, "vendorDependencies": False})


def texts(value: object) -> Iterator[str]:
    """Every text in a resource's inputs, documents in JSON included."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from (*texts(key), *texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def everything(stack: Program) -> list[str]:
    inputs: list[Any] = [
        resource.inputs for resource in stack.resources if resource.type.startswith("aws:")
    ]
    return [*texts(inputs), *texts(stack.outputs)]


def test_every_arn_is_of_the_partition_and_the_region(stack: Program) -> None:
    found = [parts for text in everything(stack) for parts in ARN.findall(text)]

    assert len(found) > 40
    assert {partition for partition, _, _ in found} == {partition_of(stack.region)["name"]}
    assert {region for _, _, region in found} <= {stack.region, ""}


def test_every_url_is_of_the_partition(stack: Program) -> None:
    domain = partition_of(stack.region)["dnsSuffix"]
    hosts = {host for text in everything(stack) for host in URL.findall(text)}

    assert len(hosts) >= 3
    assert [
        host
        for host in hosts
        if host != CONSOLES[stack.region] and not host.endswith(f".{stack.region}.{domain}")
    ] == []


def test_a_domain_of_aws_itself_is_a_service_in_a_policy(stack: Program) -> None:
    if stack.region == "eu-central-1":
        pytest.skip("AWS itself has this domain")
    bare = [URL.sub("", text) for text in everything(stack)]
    others = [
        PRINCIPAL.sub("", text).replace(partition_of(stack.region)["dnsSuffix"], "")
        for text in bare
    ]

    assert [text for text in others if "amazonaws.com" in text or "aws.amazon" in text] == []


def test_every_link_to_the_console_is_of_the_partition(stack: Program) -> None:
    links = stack.outputs["console"]

    assert len(links) == 8
    assert all(link.startswith(f"https://{CONSOLES[stack.region]}/") for link in links.values())


def test_the_state_machine_invokes_the_worker_by_its_own_partitions_integration(
    stack: Program,
) -> None:
    machine = json.loads(stack.one("aws:sfn/stateMachine:StateMachine")["definition"])
    partition = partition_of(stack.region)["name"]

    assert machine["States"]["Run"]["Resource"] == f"arn:{partition}:states:::lambda:invoke"


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("us-gov-east-1", "aws-us-gov"),
        ("cn-northwest-1", "aws-cn"),
        ("eusc-de-east-1", "aws-eusc"),
        ("mx-central-1", "aws"),
    ],
)
def test_a_machine_of_any_partition_names_its_own(region: str, partition: str) -> None:
    machine: Any = definition(worker_arn=f"arn:{partition}:lambda:{region}:123456789012:function:w")

    assert machine["States"]["Run"]["Resource"] == f"arn:{partition}:states:::lambda:invoke"


def test_a_partition_without_a_public_console_has_no_links() -> None:
    stack = run({"aws:region": "us-iso-east-1", "vendorDependencies": False})

    assert stack.outputs["console"] == {}
    assert partition_of("us-iso-east-1")["name"] not in CONSOLE_DOMAINS


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_writes_down_one_partitions_name_or_domain(path: Path) -> None:
    if path in (
        ROOT / "infra" / "documents" / "partitions.py",
        ROOT / "handler" / "testing" / "world.py",
    ):
        return  # the one table of them, and the test kit, which runs on moto's account
    lines = path.read_text().splitlines()

    assert [line for line in lines if OF_ONE_PARTITION.search(line)] == []
