"""The stack's config: its keys and defaults, and the messages about its errors."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import config as pulumi_config

from infra import config
from infra.arguments import BackgroundTasksArgs
from infra.config_values import RESERVED_VARIABLES
from infra.errors import ConfigError
from tests.infra.recording import ROOT, defaults, run, set_config

# Lists of what has keys of its own.
OF_OBJECTS = {"workerPolicyStatements", "apiPolicyStatements", "apiPermissions"}
FUNCTION = "aws:lambda/function:Function"
LAYER = "arn:aws:lambda:eu-central-1:123456789012:layer:{}:1"


def read(changes: dict[str, Any]) -> config.Config:
    set_config(changes)
    return config.read()


def refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as refused:
        read(changes)
    return str(refused.value)


def secret_refusal(key: str, value: Any) -> str:
    set_config({key: value})
    pulumi_config.set_all_config(pulumi_config.CONFIG.get(), [f"background-tasks:{key}"])
    with pytest.raises(ConfigError) as refused:
        config.read()
    return str(refused.value)


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
    } | changes


class TestPulumiYaml:
    def test_it_declares_every_key_that_the_program_reads_and_no_other(self) -> None:
        assert set(defaults()) == {field.alias for field in config.Config.model_fields.values()}

    def test_its_defaults_are_enough_to_deploy(self) -> None:
        assert read({}).worker_memory_mb == 1024

    def test_it_describes_every_key(self) -> None:
        declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]

        assert all(
            set(declaration) >= {"default", "description"} for declaration in declared.values()
        )

    def test_it_has_a_type_of_each_key_but_of_lists_of_texts(self) -> None:
        # The engine refuses a number in them, and `pulumi config set --path` makes numbers.
        declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]

        untyped = {key for key, declaration in declared.items() if "type" not in declaration}

        lists = {key for key, default in defaults().items() if default == []}
        assert untyped == lists - OF_OBJECTS

    @pytest.mark.parametrize("key", defaults())
    def test_a_description_names_the_default(self, key: str) -> None:
        declaration = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"][key]
        default = str(declaration["default"])
        words = {"": "empty", "[]": "none", "{}": "none", "True": "true", "False": "false"}

        assert f"default is {words.get(default, default)}" in declaration["description"]

    @pytest.mark.parametrize("path", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
    def test_the_config_of_every_stack_of_the_project_is_valid(self, path: Path) -> None:
        read(yaml.safe_load(path.read_text())["config"])


class TestRefusals:
    def test_a_missing_key_says_what_to_set(self) -> None:
        assert (
            refusal({"workerMemoryMb": None})
            == 'Config key "background-tasks:workerMemoryMb" is missing; it takes a whole number of'
            " MB, 128 to 10240. Next: `pulumi config set background-tasks:workerMemoryMb <value>`,"
            " or edit the stack's Pulumi.<stack>.yaml."
        )

    @pytest.mark.parametrize(
        ("key", "value", "allowed"),
        [
            ("workerMemoryMb", "lots", "a whole number of MB, 128 to 10240"),
            ("workerMemoryMb", 127, "a whole number of MB, 128 to 10240"),
            ("apiMemoryMb", 10241, "a whole number of MB, 128 to 10240"),
            ("lambdaArchitecture", "arm", "arm64 or x86_64"),
            ("lambdaLogLevel", "TRACE", "DEBUG, INFO, WARNING or ERROR"),
            ("logRetentionDays", 31, "a period that CloudWatch Logs offers: 1, 3, 5, 7, 14"),
            ("logRetentionDays", 0, "a period that CloudWatch Logs offers"),
            ("executionLogLevel", "INFO", "ALL, ERROR, FATAL or OFF"),
            ("taskRetentionDays", -1, "a whole number of days, 0 to 36500; 0 keeps"),
            ("taskRetentionDays", 36_501, "a whole number of days, 0 to 36500; 0 keeps"),
            ("recoveryAfterSeconds", 119, "a whole number of seconds, 120 to 3600"),
            ("recoveryAfterSeconds", 3601, "a whole number of seconds, 120 to 3600"),
            (
                "workerPolicyStatements",
                "s3:GetObject",
                "IAM statements, each with Effect, Action and Resource",
            ),
            ("jwtIssuer", "http://login.example.com", 'an https URL, or "" for IAM'),
            (
                "corsOrigins",
                "https://a.example.com",
                'origins as JSON, ["https://admin.example.com"]',
            ),
            ("jwtAudience", "console", 'audiences as JSON, ["my-client"]'),
            (
                "importCsvBuckets",
                "uploads",
                'buckets, or buckets with a prefix, as JSON, ["uploads"',
            ),
            ("importCsvTables", "customers", 'tables as JSON, ["customers"]'),
            ("jwtScopes", "manage", 'scopes as JSON, ["tasks/manage"]'),
            ("jwtTenantClaim", "a b", 'the name of a claim, or ""'),
            ("jwtPermissionsClaim", "a b", 'the name of a claim, or ""'),
            ("jwtScopePermissions", "r", 'permissions by scopes as JSON, {"tasks/read": "r"'),
            ("apiPermissions", "rwd", "rules, each with a principal (the ARN of a caller"),
            ("apiTenants", "root", 'tenants as JSON, ["root", "shop"], or ["*"] for every one'),
            ("executionLogData", "some", "true or false"),
            ("workerConcurrency", -1, "a whole number from 0; 0 reserves and limits nothing"),
            ("alarmTopicArn", "alarms", 'the ARN of an SNS topic, or "" for none'),
            ("alarmTopicArn", "arn:aws:sns:eu-central-1:123456789012:a.fifo", "the ARN of an SNS"),
            ("protectData", "perhaps", "true or false"),
            ("statusEvents", "sometimes", "true or false"),
            ("introspection", "sometimes", "true or false"),
            ("graphiql", "sometimes", "true or false"),
            ("vendorDependencies", "never", "true or false"),
        ],
    )
    def test_a_wrong_value_is_shown_with_what_is_allowed_and_the_next_step(
        self, key: str, value: Any, allowed: str
    ) -> None:
        message = refusal({key: value})

        assert message.startswith(
            f'Config key "background-tasks:{key}" is "{value}"; it takes {allowed}'
        )
        assert "Next: `pulumi config set " in message
        assert f"background-tasks:{key}" in message.partition("Next: ")[2]

    @pytest.mark.parametrize(
        ("key", "path"),
        [
            ("alarmEmail", "background-tasks:alarmEmail"),
            ("jwtScopes", "--path 'background-tasks:jwtScopes[0]'"),
            ("layers", "--path 'background-tasks:layers[0]'"),
            ("environment", "--path 'background-tasks:environment.<name>'"),
            ("tags", "--path 'background-tasks:tags.<name>'"),
            ("apiPolicyStatements", "--path 'background-tasks:apiPolicyStatements[0].<name>'"),
        ],
    )
    def test_the_next_step_sets_the_key_as_the_engine_takes_it(self, key: str, path: str) -> None:
        assert f"Next: `pulumi config set {path} <value>`" in refusal({key: "a b"})
        assert f"Next: `pulumi config set {path} <value>`" in refusal({key: None})
        assert f"Next: `pulumi config set --secret {path} <value>`" in secret_refusal(key, "a b")

    @pytest.mark.parametrize("origin", ["https://a.example.com/", "a.example.com", "https://"])
    def test_an_origin_that_no_browser_sends_is_refused(self, origin: str) -> None:
        message = refusal({"corsOrigins": [origin]})

        assert f'"{origin}" at [0]' in message
        assert 'it takes origins as JSON, ["https://admin.example.com"] or ["*"]' in message

    @pytest.mark.parametrize(
        ("key", "name"),
        [
            ("importCsvBuckets", "arn:aws:s3:::uploads"),
            ("importCsvBuckets", "uploads-abc123-s3alias"),
            ("importCsvBuckets", "uploads-abc123--ol-s3/in/"),
            ("importCsvBuckets", "Uploads"),
            ("importCsvBuckets", "*"),
            ("importCsvBuckets", ""),
            ("importCsvTables", "*"),
            ("importCsvTables", "table/customers"),
            ("importCsvTables", " customers"),
        ],
    )
    def test_what_import_csv_may_use_is_named_exactly(self, key: str, name: str) -> None:
        assert f'"{name}" at [0]' in refusal({key: [name]})

    def test_a_misspelt_key_is_refused_with_the_likely_key(self) -> None:
        assert (
            refusal({"workerMemroyMb": 2048})
            == 'Config key "background-tasks:workerMemroyMb" isn\'t read by the program; did you'
            ' mean "workerMemoryMb"? Next: `pulumi config rm background-tasks:workerMemroyMb`.'
        )

    def test_an_unknown_key_is_refused_with_the_list_of_keys(self) -> None:
        assert "it reads alarmEmail, alarmTopicArn, alarms, apiMemoryMb" in refusal({"x": 1})

    def test_all_errors_are_reported_at_once(self) -> None:
        assert (
            len(
                refusal({"workerMemoryMb": "lots", "lambdaArchitecture": None, "x": 1}).splitlines()
            )
            == 3
        )

    @pytest.mark.parametrize("namespace", ["background-task", "acme", "gcp", ""])
    def test_a_key_of_a_namespace_that_nothing_reads_is_refused_with_its_new_name(
        self, namespace: str
    ) -> None:
        assert refusal({f"{namespace}:protectData": True, f"{namespace}:x": 1}) == (
            f'Config key "{namespace}:protectData" is read by nothing: the project is called'
            f' "background-tasks", and no provider "{namespace}" is installed. Next: rename it to'
            ' "background-tasks:protectData" in Pulumi.<stack>.yaml.\n'
            f'Config key "{namespace}:x" is read by nothing: the project is called'
            f' "background-tasks", and no provider "{namespace}" is installed. Next: `pulumi config'
            f" rm {namespace}:x`."
        )

    @pytest.mark.parametrize("key", ["gcp:project", "gcp:protectdata", "a.b:c", "a b:c", "1:c"])
    def test_a_key_of_another_namespace_is_renamed_only_if_its_name_is_one_of_ours(
        self, key: str
    ) -> None:
        message = refusal({key: "x"})

        assert message.endswith(f"Next: `pulumi config rm {key}`.")

    @pytest.mark.parametrize("key", ["aws:assumeRoles", "aws:profile", "pulumi:tags"])
    def test_what_the_engine_reads_is_none_of_the_programs_business(self, key: str) -> None:
        read({key: "anything"})

    def test_a_program_may_read_keys_of_its_own(self) -> None:
        set_config({"acme:costCenter": 42})

        assert config.read("acme").worker_memory_mb == 1024

    def test_a_secret_is_not_shown(self) -> None:
        message = secret_refusal("jwtIssuer", "ftp://hidden")

        assert "hidden" not in message
        assert "has a secret value that is not allowed; it takes an https URL" in message

    @pytest.mark.parametrize(
        "changes", [{"jwtIssuer": "https://login.example.com"}, {"jwtAudience": ["console"]}]
    )
    def test_an_issuer_and_its_audiences_go_together(self, changes: dict[str, Any]) -> None:
        assert '"jwtIssuer"' in (message := refusal(changes))
        assert "set both for an API authorised by JWT, or neither" in message

    def test_graphiql_needs_the_schema(self) -> None:
        message = refusal({"graphiql": True, "introspection": False})
        assert '"graphiql" (true) needs "introspection", which is false' in message
        assert "Next: `pulumi config set introspection true`" in message

    @pytest.mark.parametrize(
        ("changes", "keys"),
        [
            ({"jwtScopes": ["tasks/manage"]}, '"jwtScopes"'),
            ({"jwtTenantClaim": "tenant"}, '"jwtTenantClaim"'),
            ({"jwtScopes": ["a"], "jwtTenantClaim": "b"}, '"jwtScopes" and "jwtTenantClaim"'),
            ({"jwtPermissionsClaim": "p"}, '"jwtPermissionsClaim"'),
            ({"jwtScopePermissions": {"tasks/read": "r"}}, '"jwtScopePermissions"'),
        ],
    )
    def test_what_is_asked_of_tokens_needs_an_issuer(
        self, changes: dict[str, Any], keys: str
    ) -> None:
        assert f"Config key {keys} is about JWTs" in refusal(changes)

    @pytest.mark.parametrize("stack", ["feature.x", "s" * 28])
    def test_a_stack_name_that_aws_would_refuse_is_refused(self, stack: str) -> None:
        with pytest.raises(ConfigError, match=f'names that begin with "background-tasks-{stack}"'):
            run({"vendorDependencies": False}, stack=stack)

    def test_an_invalid_value_stops_the_program(self) -> None:
        with pytest.raises(ConfigError, match="workerMemoryMb"):
            run({"workerMemoryMb": "lots"})


def test_values_of_the_environments_config_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the engine hands over wins, as it does in pulumi.Config.
    set_config({"apiMemoryMb": 256, "workerMemoryMb": None, "corsOrigins": None})
    given = {"workerMemoryMb": "3008", "corsOrigins": '["*"]', "apiMemoryMb": "1024"}
    texts = {f"background-tasks:{key}": value for key, value in given.items()}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(texts))

    found = config.read()

    assert (found.worker_memory_mb, found.cors_origins) == (3008, ("*",))
    assert found.api_memory_mb == 256


class TestTexts:
    """`pulumi config set --path` stores what looks like a number or a boolean as one."""

    @pytest.mark.parametrize(("given", "text"), [(42, "42"), (True, "true"), ("007", "007")])
    def test_a_list_of_texts_takes_them(self, given: Any, text: str) -> None:
        jwt = {"jwtIssuer": "https://login.example.com", "jwtAudience": [given]}

        assert read({**jwt, "jwtScopes": [given]}).jwt_audience == (text,)
        assert read({**jwt, "jwtScopes": [given]}).jwt_scopes == (text,)

    @pytest.mark.parametrize("key", ["tags", "environment"])
    def test_a_map_of_texts_takes_them(self, key: str) -> None:
        values = read({key: {"AB": 42, "CD": True, "EF": "x"}})

        assert getattr(values, key) == {"AB": "42", "CD": "true", "EF": "x"}

    @pytest.mark.parametrize("number", [1.5, 1.23e19, 2**53, -(2**53), 12345678901234567000])
    @pytest.mark.parametrize(
        ("key", "place"), [("jwtAudience", "[0]"), ("tags", ".AB"), ("environment", ".AB")]
    )
    def test_a_number_that_the_engine_may_have_changed_goes_in_quotes(
        self, number: float, key: str, place: str
    ) -> None:
        given = [number] if place == "[0]" else {"AB": number}

        message = refusal({key: given})

        assert f'"background-tasks:{key}" is "{number}" at {place} (' in message
        assert "put it in quotes" in message
        assert "put it in quotes" in (hidden := secret_refusal(key, given))
        assert str(number) not in hidden

    def test_every_list_and_map_of_texts_refuses_such_a_number(self) -> None:
        lists = [key for key, default in defaults().items() if default == []]
        texts = [key for key in lists if key not in OF_OBJECTS]

        for key in texts:
            assert "put it in quotes" in refusal({key: [1.5]})

        assert len(texts) > 5

    def test_the_largest_integer_that_no_other_is_taken_for_is_a_text(self) -> None:
        assert read({"tags": {"n": 2**53 - 1}}).tags == {"n": "9007199254740991"}


class TestLimitsOfAws:
    """What a preview wouldn't notice, and AWS refuses half-way through an `up`."""

    @pytest.mark.parametrize(
        "name",
        [*sorted(RESERVED_VARIABLES), "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME"],
    )
    def test_a_variable_that_lambda_sets_is_refused(self, name: str) -> None:
        assert f'has the name "{name}" (Lambda sets this variable itself' in refusal(
            {"environment": {name: "x"}}
        )

    @pytest.mark.parametrize("name", ["AWS_LAMBDA_EXEC_WRAPPER", "TZ", "AWS_XRAY_DAEMON_ADDRESS"])
    def test_a_variable_that_lambda_leaves_to_others_is_taken(self, name: str) -> None:
        assert read({"environment": {name: "x"}}).environment == {name: "x"}

    @pytest.mark.parametrize("name", ["A", "1A", "_HANDLER", "A-B", "ÄB", "AB\n", ""])
    def test_the_name_of_a_variable_is_refused_with_what_it_may_be(self, name: str) -> None:
        assert "a variable's name has at least two characters: a letter, then" in refusal(
            {"environment": {name: "x"}}
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {"environment": {"AB": "x" * 3100}},
            {"environment": {"AB": "ä" * 1550}},
            {"environment": {f"A{n:03}": "x" * 20 for n in range(100)}},
            {"importCsvTables": [f"table-{n:03}" for n in range(250)]},
        ],
    )
    def test_more_variables_than_lambda_takes_are_refused(self, changes: dict[str, Any]) -> None:
        message = refusal(changes)

        assert 'Config keys "environment", "importCsvBuckets"' in message
        assert "bytes of variables" in message

    def test_as_many_variables_as_are_taken_fit_beside_the_components_own(self) -> None:
        longest = {
            "environment": {"AB": "x" * 2900},
            "tracing": "otel",
            "otelLayerArn": LAYER.format("otel"),
            "recoveryAfterSeconds": 3600,
            "taskRetentionDays": 36_500,
            "workers": {"x" * 11: {}},
            "vendorDependencies": False,
            "aws:region": "ap-southeast-1",
        }

        functions = run(longest, stack="s" * 27).all(FUNCTION)

        sizes = [len(json.dumps(each["environment"]["variables"])) for each in functions]
        assert 3500 < max(sizes) < 4096

    def test_the_layer_of_open_telemetry_is_one_of_the_five(self) -> None:
        layers = [LAYER.format(f"l{n}") for n in range(5)]
        otel = {"tracing": "otel", "otelLayerArn": LAYER.format("otel")}

        assert 'Config keys "layers" (5 layers) and "otelLayerArn"' in refusal(
            {"layers": layers, **otel}
        )
        assert len(read({"layers": layers}).layers) == 5
        assert len(read({"layers": layers[:4], **otel}).layers) == 4

    def test_a_resource_has_fifty_tags_with_ours(self) -> None:
        tags = {f"t{n}": "x" for n in range(49)}

        assert "it takes at most 48 tags" in refusal({"tags": tags})
        assert len(read({"tags": dict(list(tags.items())[:48])}).tags) == 48

    @pytest.mark.parametrize("key", ["aws:owner", "AWS:owner", "aws:"])
    def test_a_tag_that_aws_keeps_to_itself_is_refused(self, key: str) -> None:
        assert f'has the name "{key}" (AWS keeps the tags' in refusal({"tags": {key: "x"}})

    @pytest.mark.parametrize(
        "tags", [{"": "x"}, {"k" * 129: "x"}, {"k": "v" * 257}, {"k": "a,b"}, {"k#": "v"}]
    )
    def test_a_tag_that_aws_refuses_is_refused(self, tags: dict[str, str]) -> None:
        assert "it takes at most 48 tags" in refusal({"tags": tags})


class TestArguments:
    def test_a_key_that_is_empty_leaves_the_components_default(self) -> None:
        set_config({})

        args = config.arguments()

        assert (args.jwt_issuer, args.alarm_topic_arn, args.subnet_ids, args.layers) == (None,) * 4

    def test_project_and_stack_are_in_the_names_and_tags(self) -> None:
        set_config({"tags": {"team": "data"}}, stack="prod")

        args = config.arguments()

        assert args.name_prefix == "background-tasks-prod"
        assert args.tags == {"project": "background-tasks", "stack": "prod", "team": "data"}

    @pytest.mark.parametrize(
        ("key", "value", "name"),
        [
            ("environment", {"AB": "c"}, "environment"),
            ("corsOrigins", ["*"], "cors_origins"),
            ("workerMemoryMb", 512, "worker_memory_mb"),
            ("workerPolicyStatements", [statement()], "worker_policy_statements"),
        ],
    )
    def test_a_secret_stays_one(self, key: str, value: Any, name: str) -> None:
        set_config({key: value})
        pulumi_config.set_all_config(pulumi_config.CONFIG.get(), [f"background-tasks:{key}"])

        async def are_secret() -> list[bool]:
            kept = getattr(config.arguments(), name)
            values = kept.values() if isinstance(kept, dict) else kept
            outputs = [values] if isinstance(values, pulumi.Output) else values
            return [await each.is_secret() for each in outputs]

        assert asyncio.run(are_secret()) == [True]

    def test_secret_tags_stay_secret_beside_project_and_stack(self) -> None:
        set_config({"tags": {"team": "data"}}, stack="prod")
        pulumi_config.set_all_config(pulumi_config.CONFIG.get(), ["background-tasks:tags"])

        async def tags() -> dict[str, Any]:
            found = config.arguments().tags
            return {
                key: await value.is_secret() if isinstance(value, pulumi.Output) else value
                for key, value in found.items()
            }

        assert asyncio.run(tags()) == {
            "project": "background-tasks",
            "stack": "prod",
            "team": True,
        }

    def test_what_decides_which_resources_there_are_is_plain(self) -> None:
        set_config({"protectData": True})
        pulumi_config.set_all_config(pulumi_config.CONFIG.get(), ["background-tasks:protectData"])

        assert config.arguments().protect_data is True

    def test_every_key_is_an_argument_of_the_component(self) -> None:
        arguments = {each.name for each in dataclasses.fields(BackgroundTasksArgs)}

        assert config.Config.model_fields.keys() <= arguments


class TestPolicyStatements:
    def test_a_statement_has_the_keys_of_iam(self) -> None:
        condition = {"StringEquals": {"aws:ResourceTag/team": "data"}}
        (read_statement,) = read(
            {"workerPolicyStatements": [statement(Sid="Data", Condition=condition)]}
        ).worker_policy_statements

        assert read_statement.to_iam() == {
            "Sid": "Data",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::data/*"],
            "Condition": condition,
        }

    @pytest.mark.parametrize(
        "action", ["*", "s3:*", "s3", "S3:GetObject", ["s3:GetObject", "*"], []]
    )
    def test_an_action_must_be_named(self, action: Any) -> None:
        assert '"background-tasks:workerPolicyStatements"' in refusal(
            {"workerPolicyStatements": [statement(Action=action)]}
        )

    def test_a_refused_action_is_shown_with_its_place(self) -> None:
        message = refusal(
            {"workerPolicyStatements": [statement(), statement(Action=["s3:PutObject", "s3:*"])]}
        )

        assert (
            'is "s3:*" at [1].Action[1] ("s3:*" is not an action like "s3:GetObject" or "s3:Get*"'
            in message
        )

    def test_an_action_may_end_in_a_wildcard(self) -> None:
        read({"workerPolicyStatements": [statement(Action="s3:Get*")]})

    def test_all_resources_are_refused_without_a_reason(self) -> None:
        assert 'Resource "*" is every resource; name ARNs' in refusal(
            {"workerPolicyStatements": [statement(Resource="*")]}
        )

    def test_all_resources_are_accepted_with_a_reason(self) -> None:
        metrics = statement(Sid="MetricsHaveNoArn", Action="cloudwatch:PutMetricData", Resource="*")

        assert len(read({"workerPolicyStatements": [metrics]}).worker_policy_statements) == 1

    @pytest.mark.parametrize("missing", ["Effect", "Action", "Resource"])
    def test_an_incomplete_statement_is_refused(self, missing: str) -> None:
        incomplete = {key: value for key, value in statement().items() if key != missing}

        assert f"[0].{missing} (Field required)" in refusal(
            {"workerPolicyStatements": [incomplete]}
        )

    @pytest.mark.parametrize("unknown", ["Principal", "NotAction", "NotResource", "effect"])
    def test_a_statement_with_an_unknown_key_is_refused(self, unknown: str) -> None:
        assert f"[0].{unknown} (" in refusal(
            {"workerPolicyStatements": [statement(**{unknown: "x"})]}
        )
