"""The resources that the whole program registers."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from definitions.csv_import import allowed
from handler.contract import (
    DETAIL_TYPE,
    EXPIRY_ATTRIBUTE,
    PARTITION_KEY,
    SIGNAL_DETAIL_TYPE,
    SORT_KEY,
    STATUS_DETAIL_TYPE,
    Index,
)
from infra import storage
from infra.http_api import REQUESTS_PER_SECOND, SIGNAL_ROUTES
from tests.infra.documents.test_policies import FAILURES
from tests.infra.recording import Program, run

ALIAS = "aws:lambda/alias:Alias"
FUNCTION = "aws:lambda/function:Function"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
ROUTE = "aws:apigatewayv2/route:Route"
TABLE = "aws:dynamodb/table:Table"
BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
QUEUE = "aws:sqs/queue:Queue"
INVOKED = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
MACHINE = "aws:sfn/stateMachine:StateMachine"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
PERMISSION = "aws:lambda/permission:Permission"

MACHINE_ARN = (
    "arn:aws:states:eu-central-1:123456789012:stateMachine:background-tasks-dev-state-machine"
)
RULES = "arn:aws:events:eu-central-1:123456789012:rule"
JWT = {"jwtIssuer": "https://login.example.com/", "jwtAudience": ["console", "cli"]}


class TestFunctions:
    def test_all_functions_run_the_same_archive(self, program: Program) -> None:
        archives = {function["code"].path for function in program.all(FUNCTION)}

        assert len(program.all(FUNCTION)) == 3
        assert len(archives) == 1

    @pytest.mark.parametrize(("name", "timeout"), [("worker", 900), ("api", 30), ("recovery", 900)])
    def test_each_function_has_its_own_entry_and_timeout(
        self, program: Program, name: str, timeout: int
    ) -> None:
        function = program.one(FUNCTION, name)

        assert function["name"] == f"background-tasks-dev-{name}"
        assert function["handler"] == f"handler.{name}.handler"
        assert function["timeout"] == timeout
        assert function["runtime"] == "python3.13"
        assert function["architectures"] == ["arm64"]

    def test_all_are_invoked_by_an_alias_of_the_published_version(self, program: Program) -> None:
        # Lambda changes code and configuration one after the other: without a version of both, an
        # invocation could meet half of a deploy.
        aliases = {each["functionName"]: each for each in program.all(ALIAS)}

        assert all(each["publish"] is True for each in program.all(FUNCTION))
        assert aliases == {
            each["name"]: {"functionName": each["name"], "name": "live", "functionVersion": "7"}
            for each in program.all(FUNCTION)
        }
        assert {each["qualifier"] for each in program.all(PERMISSION)} == {"live"}

    def test_the_worker_has_more_memory_than_the_api(self, program: Program) -> None:
        assert (
            program.one(FUNCTION, "worker")["memorySize"]
            > program.one(FUNCTION, "api")["memorySize"]
        )

    def test_memory_and_architecture_follow_the_config(self) -> None:
        changed = run(
            {
                "workerMemoryMb": 3008,
                "apiMemoryMb": 256,
                "lambdaArchitecture": "x86_64",
                "vendorDependencies": False,
            }
        )

        assert {
            name: changed.one(FUNCTION, name)["memorySize"]
            for name in ("worker", "api", "recovery")
        } == {
            "worker": 3008,
            "api": 256,
            "recovery": 3008,
        }
        assert all(function["architectures"] == ["x86_64"] for function in changed.all(FUNCTION))

    def test_no_function_has_reserved_concurrency_by_default(self, program: Program) -> None:
        # AWS refuses it in an account whose limit is 10.
        assert all("reservedConcurrentExecutions" not in each for each in program.all(FUNCTION))

    def test_the_worker_alone_is_limited_so_that_api_and_recovery_have_the_rest(self) -> None:
        stack = run({"workerConcurrency": 50, "vendorDependencies": False})

        assert {
            name: stack.one(FUNCTION, name).get("reservedConcurrentExecutions")
            for name in ("worker", "api", "recovery")
        } == {"worker": 50, "api": None, "recovery": None}

    @pytest.mark.parametrize("name", ["worker", "api", "recovery"])
    def test_each_function_gets_the_names_of_what_it_uses(
        self, program: Program, name: str
    ) -> None:
        variables = program.one(FUNCTION, name)["environment"]["variables"]
        bundle = Path(program.one(FUNCTION, name)["code"].path)
        digest = hashlib.sha256(bundle.read_bytes()).hexdigest()

        if name == "recovery":
            assert variables.pop("DEAD_LETTER_QUEUE_URL") == program.outputs["deadLetterQueueUrl"]
            assert variables.pop("RECOVERY_AFTER_SECONDS") == "120"
        assert variables.pop("IMPORT_SECONDS") == ("10" if name == "api" else "120")
        if name == "worker":
            assert variables.pop("SIGNALS_URL").endswith("/signals")
            assert [variables.pop(allowed.BUCKETS), variables.pop(allowed.TABLES)] == ["[]", "[]"]
        if name == "api":
            assert variables.pop("JWT_TENANT_CLAIM") == ""
        assert variables == {
            "TABLE_NAME": program.outputs["tableName"],
            "EVENT_BUS_NAME": program.outputs["eventBusName"],
            "PAYLOAD_BUCKET_NAME": program.outputs["payloadBucketName"],
            "STATE_MACHINE_ARN": program.outputs["stateMachineArn"],
            "STACK_NAME": "background-tasks-dev",
            "CODE_VERSION": digest[:12],
            "RETENTION_DAYS": "90",
            "POWERTOOLS_SERVICE_NAME": f"background-tasks-dev-{name}",
            "POWERTOOLS_METRICS_NAMESPACE": "BackgroundTasks",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "PYDANTIC_DISABLE_PLUGINS": "__all__",
        }

    def test_an_author_may_have_plugins_of_pydantic(self) -> None:
        own = {"PYDANTIC_DISABLE_PLUGINS": "theirs"}

        stack = run({"environment": own, "vendorDependencies": False})

        for function in stack.all(FUNCTION):
            assert own.items() <= function["environment"]["variables"].items()

    def test_the_worker_knows_what_import_csv_may_use_by_the_names_that_it_looks_for(self) -> None:
        lists = {"importCsvBuckets": ["uploads", "shared/in/"], "importCsvTables": ["customers"]}

        stack = run({**lists, "vendorDependencies": False})

        variables = stack.one(FUNCTION, "worker")["environment"]["variables"]
        found = allowed.Allowed.from_environment(variables)
        assert (found.buckets, found.tables) == (("uploads", "shared/in/"), ("customers",))
        assert found.own_table == stack.outputs["tableName"]
        assert found.own_bucket == stack.outputs["payloadBucketName"]

    def test_all_functions_count_in_one_namespace_under_their_own_names(
        self, program: Program
    ) -> None:
        # Each of the three functions can end a task, and counts the tasks that it ends.
        counted = [
            function["environment"]["variables"] | {"name": function["name"]}
            for function in program.all(FUNCTION)
        ]

        assert {each["POWERTOOLS_METRICS_NAMESPACE"] for each in counted} == {"BackgroundTasks"}
        assert all(each["POWERTOOLS_SERVICE_NAME"] == each["name"] for each in counted)

    def test_each_function_logs_to_a_log_group_of_the_stack(self, program: Program) -> None:
        ours = {group["name"] for group in program.all(LOG_GROUP)}

        for function in program.all(FUNCTION):
            assert function["loggingConfig"]["logGroup"] == f"/aws/lambda/{function['name']}"
            assert function["loggingConfig"]["logGroup"] in ours

    def test_every_log_group_has_a_retention(self) -> None:
        groups = run({"logRetentionDays": 7, "vendorDependencies": False}).all(LOG_GROUP)

        assert len(groups) == 5
        assert [group["retentionInDays"] for group in groups] == [7] * 5


class TestEventRouting:
    def test_every_task_event_on_the_bus_starts_the_state_machine(self, program: Program) -> None:
        rule = program.one(RULE, "event-routing")
        target = program.one(TARGET, "event-routing")

        assert json.loads(rule["eventPattern"]) == {"detail-type": [DETAIL_TYPE]}
        assert rule["eventBusName"] == target["eventBusName"] == program.outputs["eventBusName"]
        assert target["rule"] == rule["name"]
        assert target["arn"] == MACHINE_ARN
        assert target.keys().isdisjoint({"input", "inputPath", "inputTransformer"})

    def test_an_event_that_tells_of_a_task_starts_nothing(self) -> None:
        """Else each task would start executions for ever: no rule of the stack's takes it."""
        stack = run({"statusEvents": True, "vendorDependencies": False})
        patterns = [
            json.loads(rule["eventPattern"]) for rule in stack.all(RULE) if "eventPattern" in rule
        ]

        assert len(patterns) == 3
        for pattern in patterns:
            assert STATUS_DETAIL_TYPE not in pattern["detail-type"]
            assert all(isinstance(each, str) for each in pattern["detail-type"])  # exact matches

    @pytest.mark.parametrize("is_on", [False, True])
    def test_the_functions_tell_of_tasks_where_the_config_says_so(self, is_on: bool) -> None:
        stack = run({"statusEvents": is_on, "vendorDependencies": False})

        told = {
            each["environment"]["variables"].get("STATUS_EVENTS") for each in stack.all(FUNCTION)
        }
        assert told == {"true" if is_on else None}

    def test_an_event_that_cannot_be_delivered_is_retried_and_then_kept_for_two_weeks(
        self, program: Program
    ) -> None:
        target = program.one(TARGET, "event-routing")
        queue = program.one(QUEUE, "undelivered")

        assert target["retryPolicy"] == {
            "maximumEventAgeInSeconds": 3600,
            "maximumRetryAttempts": 185,
        }
        assert target["deadLetterConfig"]["arn"].endswith(f":{queue['name']}")
        assert queue["messageRetentionSeconds"] == 14 * 24 * 60 * 60
        assert queue["sqsManagedSseEnabled"] is True

    def test_every_signal_on_the_bus_is_handed_to_the_worker(self, program: Program) -> None:
        rule = program.one(RULE, "event-routing-signals")
        target = program.one(TARGET, "event-routing-signals")
        permission = program.one(PERMISSION, "event-routing-signals")

        assert json.loads(rule["eventPattern"]) == {"detail-type": [SIGNAL_DETAIL_TYPE]}
        assert rule["eventBusName"] == target["eventBusName"] == program.outputs["eventBusName"]
        assert target["rule"] == rule["name"]
        assert target["arn"].endswith(":function:background-tasks-dev-worker:live")
        assert target.keys().isdisjoint({"input", "inputPath", "inputTransformer", "roleArn"})
        assert permission["function"] == "background-tasks-dev-worker"
        assert permission["principal"] == "events.amazonaws.com"
        assert permission["sourceArn"].endswith(f":rule/{rule['name']}")

    def test_a_signal_that_could_not_be_handed_over_is_retried_and_then_kept(
        self, program: Program
    ) -> None:
        target = program.one(TARGET, "event-routing-signals")
        undelivered = program.one(TARGET, "event-routing")["deadLetterConfig"]["arn"]

        assert target["deadLetterConfig"] == {"arn": undelivered}
        assert target["retryPolicy"]["maximumRetryAttempts"] == 185
        assert program.one(INVOKED, "event-routing") == {
            "functionName": "background-tasks-dev-worker",
            "qualifier": "live",
            "maximumRetryAttempts": 2,
            "maximumEventAgeInSeconds": 3600,
            "destinationConfig": {"onFailure": {"destination": undelivered}},
        }

    def test_only_the_rules_may_send_to_the_dead_letter_queue(self, program: Program) -> None:
        policy = program.one("aws:sqs/queuePolicy:QueuePolicy", "event-routing")

        allowed, _ = json.loads(policy["policy"])["Statement"]
        assert policy["queueUrl"] == program.outputs["deadLetterQueueUrl"]
        assert [allowed] == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": ["sqs:SendMessage"],
                "Resource": [
                    "arn:aws:sqs:eu-central-1:123456789012:background-tasks-dev-undelivered"
                ],
                "Condition": {
                    "ArnEquals": {
                        "aws:SourceArn": [
                            f"{RULES}/background-tasks-dev-start",
                            f"{RULES}/background-tasks-dev-signals",
                        ]
                    }
                },
            }
        ]


class TestStateMachine:
    def test_its_type_is_the_one_that_may_run_for_a_year(self, program: Program) -> None:
        assert program.one(MACHINE)["type"] == "STANDARD"

    def test_it_runs_the_worker(self, program: Program) -> None:
        run_state = json.loads(program.one(MACHINE)["definition"])["States"]["Run"]

        assert run_state["Arguments"]["FunctionName"].endswith(
            ":function:background-tasks-dev-worker:live"
        )

    @pytest.mark.parametrize("level", ["ALL", "FATAL"])
    def test_its_log_level_follows_the_config(self, level: str) -> None:
        logging = run({"executionLogLevel": level, "vendorDependencies": False}).one(MACHINE)[
            "loggingConfiguration"
        ]

        assert logging["level"] == level

    def test_a_log_that_is_off_has_no_destination(self) -> None:
        stack = run({"executionLogLevel": "OFF", "vendorDependencies": False})

        assert stack.one(MACHINE)["loggingConfiguration"] == {"level": "OFF"}

    def test_its_deletion_waits_for_an_iteration(self, program: Program) -> None:
        assert program.delete_timeouts[f"{MACHINE}::state-machine"] == "30m"

    @pytest.mark.parametrize("data", [True, False])
    def test_data_is_in_its_log_if_the_config_says_so(self, data: bool) -> None:
        stack = run({"executionLogData": data, "vendorDependencies": False})

        assert stack.one(MACHINE)["loggingConfiguration"]["includeExecutionData"] is data

    def test_it_logs_failures_without_data_to_a_log_group_of_the_stack(
        self, program: Program
    ) -> None:
        group = program.one(LOG_GROUP, "state-machine")["name"]

        assert program.one(MACHINE)["loggingConfiguration"] == {
            "level": "ERROR",
            "includeExecutionData": False,
            "logDestination": f"arn:aws:logs:eu-central-1:123456789012:log-group:{group}:*",
        }

    def test_the_functions_have_its_arn_before_it_exists(self, program: Program) -> None:
        given = program.one(FUNCTION, "worker")["environment"]["variables"]["STATE_MACHINE_ARN"]

        assert given == program.outputs["stateMachineArn"] == MACHINE_ARN


class TestTaskTable:
    def test_it_is_billed_by_request_restorable_and_deletes_expired_items(
        self, program: Program
    ) -> None:
        table = program.one(TABLE)

        assert table["billingMode"] == "PAY_PER_REQUEST"
        assert table["pointInTimeRecovery"] == {"enabled": True}
        assert table["ttl"] == {"attributeName": EXPIRY_ATTRIBUTE, "enabled": True}
        assert (table["hashKey"], table["rangeKey"]) == (PARTITION_KEY, SORT_KEY)

    def test_it_has_the_indexes_of_the_contract_which_project_keys_alone(
        self, program: Program
    ) -> None:
        indexes = {index["name"]: index for index in program.one(TABLE)["globalSecondaryIndexes"]}

        assert set(indexes) == {index.value for index in Index}
        for index in Index:
            assert indexes[index]["projectionType"] == "KEYS_ONLY"
            assert indexes[index]["keySchemas"] == [
                {"attributeName": index.partition_key, "keyType": "HASH"},
                {"attributeName": index.sort_key, "keyType": "RANGE"},
            ]

    def test_it_declares_each_key_attribute_once(self, program: Program) -> None:
        declared = [
            (attribute["name"], attribute["type"]) for attribute in program.one(TABLE)["attributes"]
        ]
        of_indexes = {key for index in Index for key in (index.partition_key, index.sort_key)}
        keys = {PARTITION_KEY, SORT_KEY, *of_indexes}

        assert sorted(declared) == sorted((key, "S") for key in keys)


class TestPayloadBucket:
    def test_the_bucket_is_private_and_encrypted(self, program: Program) -> None:
        access = program.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
        encryption = program.one(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        )

        assert access.pop("bucket") == encryption["bucket"] == program.outputs["payloadBucketName"]
        assert access == {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        }
        assert encryption["rules"] == [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
                # What S3 fills in by itself (S3 API reference, "ServerSideEncryptionRule").
                "blockedEncryptionTypes": ["SSE-C"],
                "bucketKeyEnabled": False,
            }
        ]

    @pytest.mark.parametrize("days", [0, 14])
    def test_nothing_in_it_expires_but_uploads_that_were_never_completed(self, days: int) -> None:
        stack = run({"taskRetentionDays": days, "vendorDependencies": False})

        assert stack.one(LIFECYCLE)["rules"] == [
            {
                "id": "abort-unfinished-uploads",
                "status": "Enabled",
                "filter": {},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
            }
        ]

    def test_its_policy_comes_after_its_public_access_block(self, program: Program) -> None:
        # S3 refuses two changes of a bucket at the same time.
        first = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::payloads"

        assert first in program.dependencies["aws:s3/bucketPolicy:BucketPolicy::payloads"]

    @pytest.mark.parametrize("prefix", ["___", "XN--a", "sthree-x", "p" * 44])
    def test_its_name_is_one_that_s3_takes(self, prefix: str) -> None:
        name = storage._bucket_name(f"arn:aws:sqs:eu-central-1:123456789012:{prefix}-undelivered")

        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name)
        assert not name.startswith(storage.RESERVED_BEGINNINGS)

    def test_zero_retention_days_keep_tasks_forever(self) -> None:
        forever = run({"taskRetentionDays": 0, "vendorDependencies": False})

        assert forever.one(FUNCTION, "worker")["environment"]["variables"]["RETENTION_DAYS"] == "0"

    @pytest.mark.parametrize("protect", [True, False])
    def test_protect_data_protects_the_table_and_the_bucket(self, protect: bool) -> None:
        stack = run({"protectData": protect, "vendorDependencies": False})

        assert stack.one(TABLE)["deletionProtectionEnabled"] is protect
        assert stack.one(BUCKET)["forceDestroy"] is not protect
        assert {name for name in stack.protected if "payloads" in name or "tasks" in name} == (
            {"tasks", "payloads"} if protect else set()
        )


class TestGraphqlApi:
    def test_requests_are_authorised_by_iam(self, program: Program) -> None:
        route = program.one(ROUTE, "api")

        assert (route["routeKey"], route["authorizationType"]) == ("POST /graphql", "AWS_IAM")
        assert program.all("aws:apigatewayv2/authorizer:Authorizer") == []

    def test_requests_are_authorised_by_jwt_if_the_stack_names_an_issuer(self) -> None:
        stack = run({**JWT, "vendorDependencies": False})
        authorizer = stack.one("aws:apigatewayv2/authorizer:Authorizer")

        assert stack.one(ROUTE, "api")["authorizationType"] == "JWT"
        assert stack.one(ROUTE, "api")["authorizerId"] == "background-tasks-api"
        assert authorizer["authorizerType"] == "JWT"
        assert authorizer["identitySources"] == ["$request.header.Authorization"]
        assert authorizer["jwtConfiguration"] == {
            "issuer": JWT["jwtIssuer"],
            "audiences": JWT["jwtAudience"],
        }

    def test_a_token_needs_a_scope_and_decides_the_tenant_if_the_stack_says_so(self) -> None:
        asked = {"jwtScopes": ["tasks/manage"], "jwtTenantClaim": "tenant"}

        stack = run({**JWT, **asked, "vendorDependencies": False})

        assert stack.one(ROUTE, "api")["authorizationScopes"] == ["tasks/manage"]
        variables = stack.one(FUNCTION, "api")["environment"]["variables"]
        assert variables["JWT_TENANT_CLAIM"] == "tenant"

    def test_the_access_log_says_who_called_by_signature_and_by_token(
        self, program: Program
    ) -> None:
        (stage,) = program.all("aws:apigatewayv2/stage:Stage")

        logged = json.loads(stage["accessLogSettings"]["format"])

        assert logged["userArn"] == "$context.identity.userArn"
        assert logged["subject"] == "$context.authorizer.claims.sub"
        assert logged["requestId"] == "$context.requestId"

    def test_no_page_may_call_without_a_config_that_names_its_origin(self) -> None:
        stack = run({"corsOrigins": [], "vendorDependencies": False})

        assert "corsConfiguration" not in stack.one("aws:apigatewayv2/api:Api")

    def test_a_page_of_a_named_origin_may_call_with_a_signature_and_a_tenant(self) -> None:
        stack = run({"corsOrigins": ["https://a.example.com"], "vendorDependencies": False})
        cors = stack.one("aws:apigatewayv2/api:Api")["corsConfiguration"]

        assert cors["allowOrigins"] == ["https://a.example.com"]
        assert cors["allowMethods"] == ["POST"]
        assert {"authorization", "content-type", "x-tenant"} <= set(cors["allowHeaders"])

    @pytest.mark.parametrize("changes", [{}, JWT])
    def test_every_route_but_those_of_signals_requires_authorisation(
        self, changes: dict[str, Any]
    ) -> None:
        routes = run({**changes, "vendorDependencies": False}).all(ROUTE)
        is_open = {each["routeKey"]: each["authorizationType"] == "NONE" for each in routes}

        assert is_open == {
            "POST /graphql": False,
            "POST /signals/{taskId}/{secret}": True,
            "GET /signals/{taskId}/{secret}": True,
        }

    def test_strangers_send_fewer_requests_than_others(self, program: Program) -> None:
        stage = program.one("aws:apigatewayv2/stage:Stage")

        limits = {each["routeKey"]: each["throttlingRateLimit"] for each in stage["routeSettings"]}

        assert limits.keys() == set(SIGNAL_ROUTES.values())
        assert all(limit < REQUESTS_PER_SECOND / 2 for limit in limits.values())

    def test_a_browser_gets_graphiql_without_a_signature_where_the_config_has_it(self) -> None:
        stack = run({"graphiql": True, "vendorDependencies": False})

        routes = stack.all("aws:apigatewayv2/route:Route")
        is_open = {each["routeKey"]: each["authorizationType"] == "NONE" for each in routes}
        assert is_open["GET /graphql"] is is_open["GET /graphql/{file}"] is True
        assert is_open["POST /graphql"] is False
        stage = stack.one("aws:apigatewayv2/stage:Stage")
        limited = {each["routeKey"] for each in stage["routeSettings"]}
        assert {"GET /graphql", "GET /graphql/{file}"} <= limited
        sources = [each["sourceArn"] for each in stack.all("aws:lambda/permission:Permission")]
        assert any(source.endswith("/*/GET/graphql*") for source in sources)

    def test_the_api_keeps_its_schema_to_itself_where_the_config_says_so(self) -> None:
        stack = run({"introspection": False, "vendorDependencies": False})

        for name in ("api", "worker"):
            variables = stack.one(FUNCTION, name)["environment"]["variables"]
            assert variables.get("INTROSPECTION") == ("false" if name == "api" else None)

    def test_the_access_log_never_has_the_url_of_a_signal(self, program: Program) -> None:
        (stage,) = program.all("aws:apigatewayv2/stage:Stage")

        logged = json.loads(stage["accessLogSettings"]["format"])

        assert logged["route"] == "$context.routeKey"
        assert not [name for name in logged.values() if "path" in name.lower()]

    def test_the_worker_knows_where_the_urls_of_signals_lead(self, program: Program) -> None:
        variables = program.one(FUNCTION, "worker")["environment"]["variables"]

        assert variables["SIGNALS_URL"] == program.outputs["apiUrl"].replace("graphql", "signals")

    def test_the_api_may_be_invoked_for_the_urls_of_signals(self, program: Program) -> None:
        permission = program.one(PERMISSION, "api-signals")

        assert permission["function"] == "background-tasks-dev-api"
        assert permission["sourceArn"].endswith(":a1b2c3/*/*/signals/*")

    def test_the_api_invokes_the_function_and_no_other_api_may(self, program: Program) -> None:
        integration = program.one("aws:apigatewayv2/integration:Integration")
        permission = program.one(PERMISSION, "api")

        assert integration["integrationType"] == "AWS_PROXY"
        assert integration["payloadFormatVersion"] == "2.0"
        assert integration["integrationUri"].endswith(":function:background-tasks-dev-api:live")
        assert (
            permission["sourceArn"]
            == "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/*/POST/graphql"
        )

    def test_the_stage_deploys_throttles_and_logs_requests(self, program: Program) -> None:
        stage = program.one("aws:apigatewayv2/stage:Stage")
        group = program.one(LOG_GROUP, "api-access")["name"]

        assert (stage["name"], stage["autoDeploy"]) == ("$default", True)
        assert stage["defaultRouteSettings"] == {
            "throttlingRateLimit": 100,
            "throttlingBurstLimit": 200,
        }
        assert stage["accessLogSettings"]["destinationArn"].endswith(f":log-group:{group}")
        assert json.loads(stage["accessLogSettings"]["format"])["status"] == "$context.status"


class TestRecoveryFunction:
    def test_it_is_invoked_when_an_execution_of_the_stack_ends_abnormally(
        self, program: Program
    ) -> None:
        rule = program.one(RULE, "recovery-ended")

        assert "eventBusName" not in rule
        assert json.loads(rule["eventPattern"]) == {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {
                "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                "stateMachineArn": [MACHINE_ARN],
            },
        }

    def test_it_gets_the_stacks_recovery_after_seconds(self) -> None:
        stack = run({"recoveryAfterSeconds": 600, "vendorDependencies": False})
        variables = stack.one(FUNCTION, "recovery")["environment"]["variables"]

        assert variables["RECOVERY_AFTER_SECONDS"] == "600"

    def test_it_sweeps_every_five_minutes(self, program: Program) -> None:
        assert program.one(RULE, "recovery-sweep")["scheduleExpression"] == "rate(5 minutes)"

    @pytest.mark.parametrize("name", ["recovery-ended", "recovery-sweep"])
    def test_both_rules_may_invoke_it(self, program: Program, name: str) -> None:
        rule, target, permission = (
            program.one(RULE, name),
            program.one(TARGET, name),
            program.one(PERMISSION, name),
        )

        assert target["rule"] == rule["name"]
        assert target["arn"].endswith(":function:background-tasks-dev-recovery:live")
        assert permission["function"] == "background-tasks-dev-recovery"
        assert permission["principal"] == "events.amazonaws.com"
        assert permission["sourceArn"].endswith(f":rule/{rule['name']}")

    def test_a_failed_invocation_is_kept_and_not_repeated(self, program: Program) -> None:
        config = program.one(INVOKED, "recovery")

        assert config == {
            "functionName": "background-tasks-dev-recovery",
            "qualifier": "live",
            "maximumRetryAttempts": 0,
            "maximumEventAgeInSeconds": 3600,
            "destinationConfig": {"onFailure": {"destination": FAILURES}},
        }
        assert program.one(QUEUE, "recovery-failures")["sqsManagedSseEnabled"] is True

    @pytest.mark.parametrize("name", ["recovery-ended", "recovery-sweep"])
    def test_an_event_that_could_not_be_handed_over_is_kept_too(
        self, program: Program, name: str
    ) -> None:
        target = program.one(TARGET, name)
        policy = program.one("aws:sqs/queuePolicy:QueuePolicy", "recovery")
        (allowed, _) = json.loads(policy["policy"])["Statement"]

        assert target["deadLetterConfig"] == {"arn": FAILURES}
        assert target["retryPolicy"]["maximumEventAgeInSeconds"] == 3600
        assert policy["queueUrl"].endswith("/background-tasks-dev-recovery-failures")
        assert allowed["Condition"]["ArnEquals"]["aws:SourceArn"] == [
            f"arn:aws:events:eu-central-1:123456789012:rule/background-tasks-dev-{rule}"
            for rule in ("execution-ended", "sweep")
        ]
        accepts = "aws:sqs/queuePolicy:QueuePolicy::recovery"
        assert accepts in program.dependencies[f"{TARGET}::{name}"]


class TestStack:
    def test_it_has_every_output_that_others_need(self, program: Program) -> None:
        outputs = dict(program.outputs)
        console = outputs.pop("console")

        assert outputs == {
            "apiUrl": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com/graphql",
            "eventBusName": "background-tasks-dev-bus",
            "dashboardUrl": "",
            "stateMachineArn": MACHINE_ARN,
            "tableName": "background-tasks-dev-tasks",
            "payloadBucketName": "background-tasks-dev-payloads-bced6574",
            "workerFunctionName": "background-tasks-dev-worker",
            "apiFunctionName": "background-tasks-dev-api",
            "recoveryFunctionName": "background-tasks-dev-recovery",
            "deadLetterQueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/background-tasks-dev-undelivered",
        }
        assert console["executions"].endswith(f"#/statemachines/view/{MACHINE_ARN}")

    def test_every_resource_that_takes_tags_has_the_stacks(self, program: Program) -> None:
        tagged = [each for each in program.resources if "tags" in each.inputs]

        assert {each.type for each in program.resources if each.type.startswith("aws:")} - {
            each.type for each in tagged
        } == {
            ALIAS,
            "aws:apigatewayv2/integration:Integration",
            "aws:cloudwatch/queryDefinition:QueryDefinition",
            "aws:apigatewayv2/route:Route",
            TARGET,
            ROLE_POLICY,
            PERMISSION,
            INVOKED,
            LIFECYCLE,
            "aws:s3/bucketPolicy:BucketPolicy",
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "aws:sqs/queuePolicy:QueuePolicy",
        }
        assert all(
            each.inputs["tags"] == {"project": "background-tasks", "stack": "dev"}
            for each in tagged
        )

    def test_the_provider_is_the_default_one_which_gets_every_key_from_the_engine(
        self, program: Program
    ) -> None:
        assert not [each for each in program.resources if each.type.startswith("pulumi:providers:")]
        assert {each.provider for each in program.resources} == {""}

    @pytest.mark.parametrize(
        ("resource", "first"),
        [
            (f"{FUNCTION}::worker", f"{ROLE_POLICY}::worker"),
            (f"{FUNCTION}::api", f"{ROLE_POLICY}::api"),
            (f"{FUNCTION}::recovery", f"{ROLE_POLICY}::recovery"),
            (f"{MACHINE}::state-machine", f"{ROLE_POLICY}::state-machine"),
            (f"{TARGET}::event-routing", f"{ROLE_POLICY}::event-routing"),
            (f"{TARGET}::event-routing", "aws:sqs/queuePolicy:QueuePolicy::event-routing"),
            (f"{TARGET}::event-routing-signals", f"{PERMISSION}::event-routing-signals"),
            (f"{TARGET}::event-routing-signals", f"{INVOKED}::event-routing"),
        ],
    )
    def test_nothing_runs_before_its_permissions_exist(
        self, program: Program, resource: str, first: str
    ) -> None:
        assert first in program.dependencies[resource]

    def test_the_longest_stack_name_makes_no_name_too_long_for_aws(self) -> None:
        stack = run({"vendorDependencies": False}, stack="s" * 27)
        limited = [*stack.all(FUNCTION), *stack.all("aws:iam/role:Role"), *stack.all(RULE)]

        assert max(len(resource["name"]) for resource in limited) <= 64
        assert len(stack.outputs["payloadBucketName"]) <= 63
