"""Workers beside the default one: what each is, who may do what, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonata import Jsonata

from handler import Context, Definition, Done, Retry, task
from handler.contract import EnvVar
from handler.definition import Registry
from infra import BackgroundTasks, BackgroundTasksArgs, WorkerArgs, config
from infra.errors import ConfigError
from tests.infra.documents.test_policies import COMMON, EXECUTIONS, grants, log_of
from tests.infra.recording import Program, record, run_program, set_config

FUNCTION = "aws:lambda/function:Function"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MACHINE = "aws:sfn/stateMachine:StateMachine"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:background-tasks-dev-{}:live"
LARGE = {"memoryMb": 4096, "timeoutSeconds": 300, "ephemeralStorageMb": 2048, "concurrency": 5}
WORKERS = {"large": LARGE, "spare": {}}


def defined(id: str, **options: Any) -> Definition:
    @task(id=id, **options)
    def body(context: Context) -> Done:
        return Done()

    return body


def deployed(*definitions: Definition, **changes: Any) -> Program:
    """The program with these tasks."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("infra.bundle.discover", lambda **_: Registry(definitions))
        settings = {"vendorDependencies": False, "workers": WORKERS, **changes}
        return record(Program(), settings, stack="dev")


@pytest.fixture(scope="module")
def stack() -> Program:
    return deployed(
        defined("cutFilm", worker="large", aliases=("film",)),
        defined("plain"),
        dashboard=True,
        workerMemoryMb=2048,
        workerConcurrency=20,
    )


class TestFunctions:
    def test_a_worker_runs_the_same_entry_of_the_same_archive(self, stack: Program) -> None:
        default, large = stack.one(FUNCTION, "worker"), stack.one(FUNCTION, "worker-large")

        assert large["name"] == "background-tasks-dev-worker-large"
        assert large["handler"] == "handler.worker.handler"
        assert large["code"].path == default["code"].path
        assert large.keys() - default.keys() == {"ephemeralStorage"}

    def test_it_has_what_its_config_says(self, stack: Program) -> None:
        large = stack.one(FUNCTION, "worker-large")

        assert (large["memorySize"], large["timeout"]) == (4096, 300)
        assert large["ephemeralStorage"] == {"size": 2048}
        assert large["reservedConcurrentExecutions"] == 5

    def test_what_its_config_does_not_say_is_the_default_workers(self, stack: Program) -> None:
        default, spare = stack.one(FUNCTION, "worker"), stack.one(FUNCTION, "worker-spare")

        same = ("memorySize", "timeout", "reservedConcurrentExecutions", "runtime", "publish")
        assert {key: spare[key] for key in same} == {key: default[key] for key in same}
        assert spare["ephemeralStorage"] == {"size": 512}

    def test_no_concurrency_is_none_of_its_own(self) -> None:
        stack = deployed(workers={"large": {"concurrency": 0}}, workerConcurrency=20)

        assert "reservedConcurrentExecutions" not in stack.one(FUNCTION, "worker-large")

    def test_its_variables_are_the_default_workers_but_for_its_name_and_its_time(
        self, stack: Program
    ) -> None:
        default, large = (
            stack.one(FUNCTION, name)["environment"]["variables"]
            for name in ("worker", "worker-large")
        )

        differ = {key for key in large if default.get(key) != large[key]}
        assert default.keys() < large.keys()
        assert differ == {"IMPORT_SECONDS", "WORKER_SECONDS", "POWERTOOLS_SERVICE_NAME"}
        assert large[EnvVar.WORKER_SECONDS] == "300"
        # All files together may take twice as long: here as there a good quarter of the time.
        assert (default[EnvVar.IMPORT_SECONDS], large[EnvVar.IMPORT_SECONDS]) == ("120", "40")

    def test_it_has_a_log_group_of_its_own(self, stack: Program) -> None:
        group = stack.one(LOG_GROUP, "worker-large")

        assert group["name"] == "/aws/lambda/background-tasks-dev-worker-large"
        assert group["retentionInDays"] == stack.one(LOG_GROUP, "worker")["retentionInDays"]

    def test_the_longest_names_fit_beside_the_longest_prefix(self) -> None:
        def program() -> None:
            workers = {"x" * 11: WorkerArgs()}
            BackgroundTasks("tasks", BackgroundTasksArgs(name_prefix="p" * 44, workers=workers))

        found = run_program(program)

        names = [each["name"] for each in (*found.all(FUNCTION), *found.all("aws:iam/role:Role"))]
        assert max(map(len, names)) <= 64

    def test_the_config_has_no_worker_by_default(self) -> None:
        assert len(deployed(workers={}).all(FUNCTION)) == 3


class TestPermissions:
    def test_a_worker_may_what_the_default_one_may_but_for_signals(self, stack: Program) -> None:
        assert grants(stack.policy("worker-large")) == COMMON | log_of("worker-large") | {
            "states:GetExecutionHistory": {EXECUTIONS},
        }

    def test_what_tasks_may_besides_holds_on_each_worker(self) -> None:
        statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::x"]}

        stack = deployed(workerPolicyStatements=[statement])

        assert statement in stack.policy("worker-large")

    def test_the_state_machine_may_invoke_the_workers_of_the_stack_and_no_others(
        self, stack: Program
    ) -> None:
        names = ("worker", "worker-large", "worker-spare")

        invoked = grants(stack.policy("state-machine"))["lambda:InvokeFunction"]

        assert invoked == {ARN.format(name) for name in names}


class TestStateMachine:
    def function(self, stack: Program) -> str:
        document = json.loads(stack.one(MACHINE)["definition"])
        name: str = document["States"]["Run"]["Arguments"]["FunctionName"]
        return name

    def test_the_document_names_the_default_worker_if_no_task_names_another(self) -> None:
        stack = deployed(defined("plain"), defined("other", retry=Retry()))

        assert self.function(stack) == ARN.format("worker")

    def test_the_document_is_the_same_with_and_without_workers_that_no_task_names(self) -> None:
        documents = {
            deployed(defined("plain"), workers=workers).one(MACHINE)["definition"]
            for workers in ({}, WORKERS)
        }

        assert len(documents) == 1

    @pytest.mark.parametrize(
        ("definition", "worker"),
        [("cutFilm", "worker-large"), ("film", "worker-large"), ("plain", "worker")],
    )
    def test_else_it_looks_the_definition_up(
        self, stack: Program, definition: str, worker: str
    ) -> None:
        event = {"id": "e", "detail": {"webinyTaskDefinitionId": definition}}
        states = {"input": {}, "context": {"Execution": {"Input": event}}}
        text = self.function(stack).removeprefix("{%").removesuffix("%}")

        assert Jsonata.jsonata(text).evaluate(None, {"states": states}) == ARN.format(worker)


class TestMonitoring:
    def test_each_worker_has_alarms_of_its_own(self, stack: Program) -> None:
        throttled = stack.one(ALARM, "monitoring-throttled-large")
        too_long = stack.one(ALARM, "monitoring-iteration-too-long-large")

        function = {"FunctionName": "background-tasks-dev-worker-large"}
        assert (throttled["metricName"], throttled["dimensions"]) == ("Throttles", function)
        assert (too_long["metricName"], too_long["dimensions"]) == ("Duration", function)
        assert too_long["threshold"] == 0.9 * 300 * 1000

    def test_the_saved_queries_look_at_its_log(self, stack: Program) -> None:
        groups = [each["logGroupNames"] for each in stack.all(QUERY)]

        assert groups
        assert all("/aws/lambda/background-tasks-dev-worker-large" in each for each in groups)

    def test_the_dashboard_shows_it_beside_the_default_one(self, stack: Program) -> None:
        body = json.loads(stack.one(DASHBOARD)["dashboardBody"])
        widgets = {each["properties"]["title"]: each["properties"] for each in body["widgets"]}

        assert "worker-large'" in widgets["Why: errors in the logs"]["query"]
        for title, label in {
            "Milliseconds of an iteration: what is slow": "iteration, p95, large",
            "What watches over it": "worker throttled, large",
            "About what it costs, US dollars in 5 minutes": "worker, large",
        }.items():
            labels = [each[-1].get("label") for each in widgets[title]["metrics"]]
            assert label in labels
            assert label.removesuffix(", large") in labels

    def test_the_costs_are_of_its_own_memory_and_of_all_invocations(self, stack: Program) -> None:
        body = json.loads(stack.one(DASHBOARD)["dashboardBody"])
        [cost] = [
            each["properties"]["metrics"]
            for each in body["widgets"]
            if "costs" in each["properties"]["title"]
        ]
        said = {each[0]["label"]: each[0]["expression"] for each in cost if len(each) == 1}
        ids = [each[-1]["id"] for each in cost]

        assert said["worker"].startswith("busy / 1000 * 2.0 * ")
        assert said["worker, large"].startswith("busy1 / 1000 * 4.0 * ")
        assert said["visits of Run"].startswith(
            "(FILL(visits, 0) + FILL(visits1, 0) + FILL(visits2, 0)) * "
        )
        assert len(ids) == len(set(ids))

    def test_the_console_has_a_link_to_its_log(self, stack: Program) -> None:
        links = stack.outputs["console"]

        assert links["largeWorkerLog"] == links["workerLog"].replace("-worker", "-worker-large")


class TestWhatDefinitionsName:
    def test_a_worker_that_is_not_there_stops_the_deploy_with_what_to_set(self) -> None:
        with pytest.raises(ConfigError) as refused:
            deployed(defined("cutFilm", worker="huge"), defined("plain"))

        assert str(refused.value) == (
            f'{__file__}: task "cutFilm" has worker="huge", and the stack has no such worker; it'
            ' has "default", "large", "spare". Next: `pulumi config set --path'
            " 'background-tasks:workers.huge.memoryMb' 4096`, or name one of these. A program of"
            ' yours says BackgroundTasksArgs(workers={"huge": WorkerArgs(memory_mb=4096)}).'
        )

    def test_so_does_one_for_tasks_that_run_out_of_memory_and_each_has_a_line(self) -> None:
        with pytest.raises(ConfigError) as refused:
            deployed(
                defined("one", worker="huge", retry=Retry(on_out_of_memory="vast")),
                defined("two", retry=Retry(on_out_of_memory="huge")),
            )

        lines = str(refused.value).splitlines()
        assert [line.partition(", and the stack")[0].rpartition("has ")[2] for line in lines] == [
            'worker="huge"',
            'Retry(on_out_of_memory)="vast"',
            'Retry(on_out_of_memory)="huge"',
        ]

    def test_the_default_worker_is_always_there(self) -> None:
        small = defined("thrifty", worker="large", retry=Retry(on_out_of_memory="default"))

        deployed(small)

    def test_a_worker_that_no_task_names_is_warned_of(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        warned: list[str] = []
        monkeypatch.setattr("pulumi.log.warn", lambda text, *_: warned.append(text))

        deployed(defined("cutFilm", worker="large"))

        assert len(warned) == 1
        assert 'No task runs on the worker "spare"' in warned[0]


class TestConfig:
    def refusal(self, workers: Any) -> str:
        set_config({"workers": workers})
        with pytest.raises(ConfigError) as refused:
            config.read()
        return str(refused.value)

    def test_one_of_which_nothing_is_said_is_as_the_default_worker(self) -> None:
        set_config({"workers": {"large": None}})

        assert config.read().workers["large"].memory_mb is None

    @pytest.mark.parametrize(
        ("workers", "said"),
        [
            ({"default": {}}, "(each stack has the default worker: see workerMemoryMb"),
            ({"very-large": {}}, "(It must be in camelCase format)"),
            ({"Large": {}}, "(It must be in camelCase format)"),
            ({"x" * 12: {}}, "(It must have at most 11 characters, not 12)"),
            ({"large": {"memoryMb": 127}}, 'is "127" at .large.memoryMb'),
            ({"large": {"memoryMb": 10_241}}, 'is "10241" at .large.memoryMb'),
            ({"large": {"timeoutSeconds": 59}}, 'is "59" at .large.timeoutSeconds'),
            ({"large": {"timeoutSeconds": 901}}, 'is "901" at .large.timeoutSeconds'),
            ({"large": {"ephemeralStorageMb": 511}}, "at .large.ephemeralStorageMb"),
            ({"large": {"ephemeralStorageMb": 10_241}}, "at .large.ephemeralStorageMb"),
            ({"large": {"concurrency": -1}}, "at .large.concurrency"),
            ({"large": {"memory": 4096}}, 'is "4096" at .large.memory'),
            ({"large": {"memory": 4096}}, "(there is no such key)"),
            ({"large": 4096}, 'is "4096" at .large'),
            ({"largeOne": {}, "largeone": {}}, '"largeOne" and "largeone" differ in case alone'),
            (["large"], "is "),
            ({f"w{number}": {} for number in range(11)}, "at most 10"),
        ],
    )
    def test_what_no_worker_has_is_refused_with_what_is_allowed(
        self, workers: Any, said: str
    ) -> None:
        message = self.refusal(workers)

        assert message.startswith('Config key "background-tasks:workers" ')
        assert said in message
        assert (
            "it takes at most 10 workers by their names, each with any of memoryMb (128" in message
        )
        assert "--path 'background-tasks:workers.<name>.<key>' <value>" in message

    def test_a_worker_may_say_nothing_and_numbers_may_be_texts(self) -> None:
        set_config({"workers": {"large": {"memoryMb": "4096"}, "spare": {}}})

        found = config.arguments().workers

        assert found == {"large": WorkerArgs(memory_mb=4096), "spare": WorkerArgs()}


class TestArguments:
    def component(self, workers: Any) -> Callable[[], None]:
        def program() -> None:
            BackgroundTasks("tasks", BackgroundTasksArgs(workers=workers))

        return program

    @pytest.mark.parametrize(
        ("workers", "said"),
        [
            ({"default": WorkerArgs()}, "each stack has the default worker"),
            ({"very-large": WorkerArgs()}, "It must be in camelCase format"),
            ({5: WorkerArgs()}, "string"),
            ({"large": WorkerArgs(memory_mb=127)}, "memory_mb: "),
            ({"large": WorkerArgs(timeout_seconds=59)}, "timeout_seconds: "),
            ({"large": WorkerArgs(ephemeral_storage_mb=100)}, "ephemeral_storage_mb: "),
            ({"large": WorkerArgs(concurrency=-1)}, "concurrency: "),
            ({"large": WorkerArgs(memory_mb="4096")}, "memory_mb: "),  # type: ignore[arg-type]
            ({"large": {"memory_mb": 4096}}, "has something else than a WorkerArgs"),
            ({f"w{number}": WorkerArgs() for number in range(11)}, "has 11 workers"),
            (["large"], "takes a dict"),
        ],
    )
    def test_what_no_worker_has_is_refused(self, workers: Any, said: str) -> None:
        with pytest.raises(ConfigError) as refused:
            run_program(self.component(workers))

        assert "BackgroundTasksArgs(workers=" in str(refused.value)
        assert said in str(refused.value)
        assert "Next: " in str(refused.value)

    def test_a_program_gets_the_names_of_its_functions(self) -> None:
        def program() -> None:
            import pulumi

            tasks = BackgroundTasks("tasks", BackgroundTasksArgs(workers={"large": WorkerArgs()}))
            pulumi.export("others", tasks.other_worker_names)

        found = run_program(program)

        assert found.outputs["others"] == {"large": "orders-tasks-dev-worker-large"}
