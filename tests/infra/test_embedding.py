"""The component in somebody else's program: beside other resources, and beside another one."""

import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.output import Unknown

import definitions
from infra import BackgroundTasks, BackgroundTasksArgs, task_table_inputs
from infra.arguments import Statements
from infra.errors import BundleError, ConfigError
from tests.infra.recording import Program, run_program

FUNCTION = "aws:lambda/function:Function"
ROLE = "aws:iam/role:Role"
TABLE = "aws:dynamodb/table:Table"
BUS = "aws:cloudwatch/eventBus:EventBus"
BUCKET = "aws:s3/bucket:Bucket"
QUEUE = "aws:sqs/queue:Queue"
RULE = "aws:cloudwatch/eventRule:EventRule"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
MACHINE = "aws:sfn/stateMachine:StateMachine"

# Their names are of one function, or of one API.
WITHIN_ANOTHER = ("aws:lambda/alias:Alias", "aws:apigatewayv2/stage:Stage")
HERE = "eu-central-1:123456789012"
ARNS = {
    "event_bus_arn": f"arn:aws:events:{HERE}:event-bus/theirs",
    "table_arn": f"arn:aws:dynamodb:{HERE}:table/theirs",
    "payload_bucket_arn": "arn:aws:s3:::theirs",
}
TASK = """
from handler import Context, Done, task

@task(schedule="rate(1 hour)")
def {name}(context: Context) -> Done:
    return Done()
""".strip()


def args(**values: Any) -> BackgroundTasksArgs:
    """Arguments with a bundle of the code alone, which is built in a moment."""
    return BackgroundTasksArgs(vendor_dependencies=False, **values)


def component(**values: Any) -> Callable[[], None]:
    """A program that has one component, called `tasks`."""

    def program() -> None:
        BackgroundTasks("tasks", args(**values))

    return program


def folder(root: Path, task: str) -> Path:
    """A folder of tasks, with one task."""
    made = root / "definitions"
    made.mkdir(parents=True)
    (made / "__init__.py").touch()
    (made / f"{task}.py").write_text(TASK.format(name=task))
    return made


def output(value: object) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)


def as_outputs(values: Mapping[str, str]) -> dict[str, pulumi.Output[str]]:
    return {name: output(value) for name, value in values.items()}


def _by_name(found: Program) -> dict[str, Any]:
    return {
        f"{each.type} {each.name}": {
            key: value for key, value in each.inputs.items() if key != "code"
        }
        for each in found.resources
    }


class TestExistingResources:
    def test_a_bus_a_table_and_a_bucket_are_used_in_place_of_new_ones(self) -> None:
        found = run_program(component(**ARNS))

        assert [*found.all(BUS), *found.all(TABLE), *found.all(BUCKET)] == []
        variables = found.one(FUNCTION, "tasks-worker")["environment"]["variables"]
        assert {
            variables[name] for name in ("TABLE_NAME", "EVENT_BUS_NAME", "PAYLOAD_BUCKET_NAME")
        } == {"theirs"}
        assert {*ARNS.values()} <= _resources(found.policy("tasks-worker"))
        assert found.one(RULE, "tasks-event-routing")["eventBusName"] == "theirs"

    def test_outputs_of_other_resources_do_as_well(self) -> None:
        plain = run_program(component(**ARNS))

        def program() -> None:
            BackgroundTasks("tasks", args(**as_outputs(ARNS)))

        assert _by_name(run_program(program)) == _by_name(plain)

    @pytest.mark.slow
    def test_a_preview_that_knows_no_output_passes(self) -> None:
        found = run_program(_with_resources_of_its_own, preview=True)

        assert len(found.all(FUNCTION)) == 3
        assert isinstance(found.one(FUNCTION, "tasks-worker")["kmsKeyArn"], Unknown)

    def test_resources_of_the_same_program_do(self) -> None:
        found = run_program(_with_resources_of_its_own)

        worker = found.one(FUNCTION, "tasks-worker")
        assert worker["environment"]["variables"]["TABLE_NAME"] == "their-table-1a2b3c4"
        assert worker["environment"]["variables"]["TOPIC"].endswith(":their-topic-1a2b3c4")
        assert worker["vpcConfig"] == {
            "subnetIds": ["their-subnet"],
            "securityGroupIds": ["their-group"],
        }
        assert worker["kmsKeyArn"] == _arn("their-key")
        assert worker["layers"] == [_arn("their-layer")]
        assert {role["permissionsBoundary"] for role in found.all(ROLE)} == {_arn("their-boundary")}
        assert {alarm["alarmActions"][0] for alarm in found.all(ALARM)} == {TOPIC}
        assert {TOPIC} <= _resources(found.policy("tasks-worker"))
        assert found.one(QUEUE, "tasks-undelivered")["tags"] == {"owner": TOPIC}

    @pytest.mark.slow
    @pytest.mark.parametrize("how", ["plain", "output"])
    @pytest.mark.parametrize(
        ("argument", "arn", "said"),
        [
            ("event_bus_arn", "theirs", "is not an ARN such as arn:<partition>:events:"),
            ("event_bus_arn", ARNS["table_arn"], "is not an ARN such as"),
            ("table_arn", ARNS["table_arn"] + "/index/x", "is not an ARN such as"),
            ("payload_bucket_arn", ARNS["payload_bucket_arn"] + "/x", "is not an ARN such as"),
            (
                "event_bus_arn",
                "arn:aws:events:eu-west-1:123456789012:event-bus/x",
                "is in account 123456789012, region eu-west-1, and the stack's own resources are",
            ),
            (
                "table_arn",
                "arn:aws:dynamodb:eu-central-1:210987654321:table/x",
                "is in account 210987654321, region eu-central-1",
            ),
        ],
    )
    def test_another_kind_of_resource_or_one_elsewhere_is_refused(
        self, argument: str, arn: str, said: str, how: str
    ) -> None:
        def program() -> None:
            value = arn if how == "plain" else output(arn)
            BackgroundTasks("tasks", args(**{argument: value}))

        with pytest.raises(ConfigError) as refused:
            run_program(program)

        assert str(refused.value).startswith(f'BackgroundTasksArgs({argument}="{arn}") {said}')
        assert "Next: " in str(refused.value)


def _with_resources_of_its_own() -> None:
    topic = aws.sns.Topic("their-topic")
    BackgroundTasks(
        "tasks",
        args(
            event_bus_arn=aws.cloudwatch.EventBus("their-bus").arn,
            table_arn=aws.dynamodb.Table("their-table", **task_table_inputs()).arn,
            payload_bucket_arn=aws.s3.Bucket("their-bucket").arn,
            permissions_boundary_arn=aws.iam.Policy("their-boundary", policy="{}").arn,
            subnet_ids=[aws.ec2.Subnet("their-subnet", vpc_id="vpc-1").id],
            security_group_ids=[aws.ec2.SecurityGroup("their-group").id],
            kms_key_arn=aws.kms.Key("their-key").arn,
            layers=[aws.lambda_.LayerVersion("their-layer", layer_name="x").arn],
            alarm_topic_arn=topic.arn,
            environment={"TOPIC": topic.arn},
            tags={"owner": topic.arn},
            log_retention_days=topic.arn.apply(lambda _: 7),
            worker_policy_statements=[
                {"Effect": "Allow", "Action": ["sns:Publish"], "Resource": [topic.arn]}
            ],
        ),
    )


TOPIC = f"arn:aws:sns:{HERE}:their-topic-1a2b3c4"


def _arn(name: str) -> str:
    return f"arn:aws:other:{HERE}:{name}-1a2b3c4"


def _resources(statements: list[dict[str, Any]]) -> set[str]:
    return {
        each
        for statement in statements
        for each in (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
    }


@pytest.mark.slow
class TestTwoInOneProgram:
    def test_they_share_no_name_no_folder_of_tasks_and_no_bundle(self, tmp_path: Path) -> None:
        first, second = folder(tmp_path / "a", "ship"), folder(tmp_path / "b", "bill")

        def program() -> None:
            BackgroundTasks("one", args(definitions=first))
            BackgroundTasks("two", args(definitions=second))

        found = run_program(program)

        names = [
            (each.type, each.inputs["name"])
            for each in found.resources
            if "name" in each.inputs and each.type not in WITHIN_ANOTHER
        ]
        assert len(names) == len(set(names))
        assert _tasks_in(found, "one-worker") == {"ship.py"}
        assert _tasks_in(found, "two-worker") == {"bill.py"}
        schedules = [each["name"] for each in found.all("aws:scheduler/schedule:Schedule")]
        assert len(schedules) == 2
        assert sorted(each.rpartition("-")[2] for each in schedules) == ["bill", "ship"]

    def test_the_tasks_that_were_imported_before_are_so_afterwards(self, tmp_path: Path) -> None:
        run_program(component(definitions=folder(tmp_path, "ship")))

        assert sys.modules["definitions"] is definitions
        assert "definitions.ship" not in sys.modules
        assert str(tmp_path) not in sys.path

    @pytest.mark.parametrize("values", [[{}, {}], [{"name_prefix": "x"}, {"name_prefix": "x"}]])
    def test_two_with_names_that_begin_alike_are_refused(
        self, values: list[dict[str, Any]]
    ) -> None:
        parents = [None, aws.sns.Topic]

        def program() -> None:
            for name, each, parent in zip(("tasks", "tasks"), values, parents, strict=True):
                opts = pulumi.ResourceOptions(parent=parent and parent("other"))
                BackgroundTasks(name, args(**each), opts)

        with pytest.raises(
            ConfigError, match=r'Two BackgroundTasks .* begin with "(x|orders-tasks-dev)"'
        ):
            run_program(program)

    @pytest.mark.parametrize("argument", [*ARNS])
    def test_two_with_one_bus_table_or_bucket_are_refused(self, argument: str) -> None:
        def program() -> None:
            BackgroundTasks("one", args(**{argument: ARNS[argument]}))
            BackgroundTasks("two", args(**as_outputs({argument: ARNS[argument]})))

        with pytest.raises(ConfigError, match=rf"have {argument} .*Next: give each its own"):
            run_program(program)

    @pytest.mark.parametrize(
        ("argument", "kind"),
        [("event_bus_arn", BUS), ("table_arn", TABLE), ("payload_bucket_arn", BUCKET)],
    )
    def test_a_second_one_can_not_have_what_the_first_has_made(
        self, argument: str, kind: str
    ) -> None:
        names = {
            "event_bus_arn": ("event_bus_name", f"arn:aws:events:{HERE}:event-bus/"),
            "table_arn": ("table_name", f"arn:aws:dynamodb:{HERE}:table/"),
            "payload_bucket_arn": ("payload_bucket_name", "arn:aws:s3:::"),
        }
        attribute, start = names[argument]

        def program() -> None:
            first = BackgroundTasks("one", args())
            arn = pulumi.Output.concat(start, getattr(first, attribute))
            BackgroundTasks("two", args(**{argument: arn}))

        with pytest.raises(ConfigError, match=rf"have {argument} .*Next: give each its own"):
            run_program(program)

    def test_names_that_are_one_file_name_have_two_bundles(self, tmp_path: Path) -> None:
        folders = {name: folder(tmp_path / name, "ship") for name in ("a.b", "a-b", "A-b")}

        def program() -> None:
            for number, (name, tasks) in enumerate(folders.items()):
                BackgroundTasks(name, args(definitions=tasks, name_prefix=f"p{number}"))

        found = run_program(program)

        paths = {each["code"].path.lower() for each in found.all(FUNCTION)}
        assert len(paths) == 3

    def test_a_program_may_run_twice_in_one_process(self) -> None:
        for _ in range(2):
            run_program(component(**ARNS))


def _tasks_in(found: Program, worker: str) -> set[str]:
    with zipfile.ZipFile(found.one(FUNCTION, worker)["code"].path) as opened:
        inside = {name for name in opened.namelist() if name.startswith("definitions/")}
    return {name.removeprefix("definitions/") for name in inside} - {"__init__.py"}


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("definitions", Path("definitions")),
            ("requirements", Path("lock.txt")),
            ("name_prefix", "x"),
            ("tags", {"a": "b"}),
            ("environment", {"A": "b"}),
            ("lambda_architecture", "arm64"),
            ("vendor_dependencies", True),
            ("worker_concurrency", 3),
            ("execution_log_level", "ALL"),
            ("protect_data", True),
            ("status_events", True),
            ("worker_policy_statements", [{"Effect": "Allow"}]),
        ],
    )
    def test_an_output_where_a_value_must_be_known(self, name: str, value: object) -> None:
        said = rf"BackgroundTasksArgs\({name}=\.\.\.\) is an Output, and decides .* Next: "

        def program() -> None:
            values: dict[str, Any] = {name: output(value)}
            BackgroundTasks("tasks", BackgroundTasksArgs(**values))

        with pytest.raises(ConfigError, match=said):
            run_program(program)

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"subnet_ids": ["subnet-1"]}, "goes together with security_group_ids"),
            ({"security_group_ids": ["sg-1"]}, "goes together with subnet_ids"),
            ({"jwt_issuer": "https://x.example"}, "goes together with jwt_audience"),
            ({"jwt_audience": ["x"]}, "goes together with jwt_issuer"),
            ({"jwt_scopes": ["x"]}, "is about JWTs"),
            ({"jwt_tenant_claim": "x"}, "is about JWTs"),
            ({"tracing": "otel"}, "and otel_layer_arn go together"),
            ({"otel_layer_arn": "arn"}, "and otel_layer_arn go together"),
            ({"lambda_architecture": "arm"}, "takes one of 'arm64', 'x86_64'"),
            ({"execution_log_level": "SOME"}, "takes one of 'ALL', 'ERROR', 'FATAL', 'OFF'"),
            ({"definitions": "definitions"}, "takes a pathlib.Path"),
            ({"alarms": "false"}, "alarms='false'.* takes True or False"),
            ({"protect_data": "false"}, "takes True or False"),
            ({"status_events": "true"}, "takes True or False"),
            ({"graphiql": True, "introspection": False}, "needs introspection, which is False"),
            ({"worker_concurrency": "5"}, "takes a whole number from 0"),
            ({"worker_concurrency": True}, "takes a whole number from 0"),
            ({"cors_origins": "*"}, "takes a list"),
            ({"layers": "arn"}, "takes a list"),
            ({"import_csv_buckets": "abc"}, "takes a list"),
            ({"worker_policy_statements": {"Effect": "Allow"}}, "takes a list"),
            ({"environment": None}, "takes a dict"),
            ({"tags": ["a"]}, "takes a dict"),
            ({"event_bus_arn": "default"}, "is not an ARN such as"),
            ({"table_arn": ARNS["event_bus_arn"]}, "is not an ARN such as"),
            ({"payload_bucket_arn": "uploads"}, "is not an ARN such as"),
            ({"environment": {"TABLE_NAME": "x"}}, "TABLE_NAME .* is the component's own"),
        ],
    )
    def test_arguments_that_do_not_fit(self, values: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigError, match=f"{said}.*Next: "):
            run_program(component(**values))

    @pytest.mark.parametrize(
        "name",
        [
            *("alarm_email", "alarm_topic_arn", "event_bus_arn", "jwt_issuer", "kms_key_arn"),
            *("payload_bucket_arn", "permissions_boundary_arn", "table_arn"),
        ],
    )
    def test_an_empty_text_is_none(self, name: str) -> None:
        assert getattr(args(**{name: ""}), name) is None

    @pytest.mark.parametrize("name", ["cors_origins", "jwt_scopes", "layers", "subnet_ids"])
    def test_an_empty_list_is_none(self, name: str) -> None:
        assert getattr(args(**{name: []}), name) is None

    def test_an_output_counts_as_given(self) -> None:
        def program() -> None:
            BackgroundTasks("tasks", args(subnet_ids=output(["subnet-1"])))

        with pytest.raises(ConfigError, match="goes together with security_group_ids"):
            run_program(program)

    def test_each_argument_has_a_line(self) -> None:
        with pytest.raises(ConfigError) as refused:
            run_program(component(jwt_scopes=["x"], subnet_ids=["subnet-1"]))

        assert len(str(refused.value).splitlines()) == 2

    @pytest.mark.parametrize("name", ["tasks", "definitions"])
    def test_a_folder_that_is_no_package_of_tasks(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).mkdir()

        with pytest.raises(BundleError, match=r"The folder of the tasks.*Next: "):
            run_program(component(definitions=tmp_path / name))


class TestStatements:
    def test_statements_may_have_outputs_in_them(self) -> None:
        statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["x"]}
        whole = run_program(component(worker_policy_statements=[statement]))

        def program() -> None:
            resource = {**statement, "Resource": [output("x")]}
            statements = cast("Statements", [resource, output(statement)])
            component(worker_policy_statements=statements)()

        found = run_program(program)

        assert found.policy("tasks-worker")[-1] == whole.policy("tasks-worker")[-1]
