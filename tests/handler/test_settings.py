"""The settings that the environment gives."""

from dataclasses import fields

import pytest

from handler.contract import EnvVar
from handler.errors import SettingsError
from handler.settings import LogSettings, Settings, Trace

NEEDED = {"TABLE_NAME": "tasks", "EVENT_BUS_NAME": "bus"}


def test_a_table_and_a_bus_are_all_that_is_needed() -> None:
    settings = Settings.from_environment(NEEDED)

    assert settings == Settings(table_name="tasks", event_bus_name="bus")
    assert (settings.retention_days, settings.recovery_after_seconds) == (0, 120)


def test_every_variable_of_the_contract_is_read_into_the_setting_of_its_name() -> None:
    # Numbers, for the variables that take nothing else.
    values = {variable: str(number) for number, variable in enumerate(EnvVar, start=1)}
    values |= {EnvVar.STATUS_EVENTS: "true", EnvVar.INTROSPECTION: "false"}

    settings = Settings.from_environment({name.value: text for name, text in values.items()})

    read = {name: str(getattr(settings, name.name.lower())) for name in EnvVar}
    assert {field.name for field in fields(Settings)} == {name.name.lower() for name in EnvVar}
    assert read == values | {EnvVar.STATUS_EVENTS: "True", EnvVar.INTROSPECTION: "False"}


@pytest.mark.parametrize(("text", "is_on"), [("", False), ("false", False), ("true", True)])
def test_status_events_are_off_unless_the_variable_says_so(text: str, is_on: bool) -> None:
    settings = Settings.from_environment(NEEDED | {"STATUS_EVENTS": text})

    assert settings.status_events is is_on


@pytest.mark.parametrize(("text", "is_on"), [("", True), ("false", False), ("true", True)])
def test_introspection_is_on_unless_the_variable_says_no(text: str, is_on: bool) -> None:
    assert Settings.from_environment(NEEDED | {"INTROSPECTION": text}).introspection is is_on


def test_a_variable_that_is_neither_true_nor_false_is_refused_with_its_value() -> None:
    with pytest.raises(SettingsError, match='STATUS_EVENTS is "yes"; it takes true or false'):
        Settings.from_environment(NEEDED | {"STATUS_EVENTS": "yes"})


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_variable_is_refused_with_its_name(name: str) -> None:
    environment = {other: text for other, text in NEEDED.items() if other != name}

    with pytest.raises(SettingsError, match=f"variable {name} is not set"):
        Settings.from_environment(environment)


@pytest.mark.parametrize("name", NEEDED)
def test_an_empty_variable_is_refused_with_its_name(name: str) -> None:
    environment = NEEDED | {name: ""}

    with pytest.raises(SettingsError, match=f"variable {name} is not set"):
        Settings.from_environment(environment)


@pytest.mark.parametrize("variable", ["RETENTION_DAYS", "RECOVERY_AFTER_SECONDS", "IMPORT_SECONDS"])
@pytest.mark.parametrize("text", ["-1", "1.5", "ten", " ", ""])
def test_a_number_that_is_not_whole_is_refused_with_the_variable_and_its_value(
    variable: str, text: str
) -> None:
    with pytest.raises(SettingsError, match=f'{variable} is "{text}"; it takes a whole number'):
        Settings.from_environment(NEEDED | {variable: text})


@pytest.mark.parametrize(
    ("environment", "version"),
    [
        ({}, ""),
        ({"CODE_VERSION": "abc123", "AWS_LAMBDA_FUNCTION_VERSION": "7"}, "abc123"),
        ({"CODE_VERSION": "", "AWS_LAMBDA_FUNCTION_VERSION": "7"}, "7"),
        ({"AWS_LAMBDA_FUNCTION_VERSION": "$LATEST"}, ""),
        ({"CODE_VERSION": "x" * 100}, "x" * 64),
    ],
)
def test_the_code_has_the_stacks_version_or_else_the_functions(
    environment: dict[str, str], version: str
) -> None:
    settings = Settings.from_environment(NEEDED | environment)

    assert settings.code_version == version
    assert LogSettings.from_environment(environment).code_version == version


@pytest.mark.parametrize(
    ("header", "root", "is_sampled"),
    [
        ("Root=1-57-bd;Parent=53995c3f;Sampled=1;Lineage=a:0", "1-57-bd", True),
        ("Self=1-a;Sampled=0;Root=1-b", "1-b", False),
        ("Sampled=1", "", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_the_trace_of_an_invocation_is_known_by_its_root(
    header: str, root: str, is_sampled: bool
) -> None:
    trace = Trace.from_environment({"_X_AMZN_TRACE_ID": header})

    assert (trace.root, trace.is_sampled, trace.daemon) == (root, is_sampled, None)


@pytest.mark.parametrize(
    ("address", "daemon"),
    [("169.254.79.129:2000", ("169.254.79.129", 2000)), ("localhost", None), ("a:b", None)],
)
def test_the_daemon_of_x_ray_is_where_lambda_says(
    address: str, daemon: tuple[str, int] | None
) -> None:
    trace = {"_X_AMZN_TRACE_ID": "Root=1-2-3", "AWS_XRAY_DAEMON_ADDRESS": address}

    assert Trace.from_environment(trace).daemon == daemon
