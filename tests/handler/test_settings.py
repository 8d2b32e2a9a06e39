"""The settings that the environment gives."""

from dataclasses import fields

import pytest

from handler.contract import EnvVar
from handler.errors import SettingsError
from handler.settings import Settings

NEEDED = {"TABLE_NAME": "tasks", "EVENT_BUS_NAME": "bus"}


def test_a_table_and_a_bus_are_all_that_is_needed() -> None:
    settings = Settings.from_environment(NEEDED)

    assert settings == Settings(table_name="tasks", event_bus_name="bus")
    assert (settings.retention_days, settings.recovery_after_seconds) == (0, 120)


def test_every_variable_of_the_contract_is_read_into_the_setting_of_its_name() -> None:
    # Numbers, for the variables that take nothing else.
    values = {variable: str(number) for number, variable in enumerate(EnvVar, start=1)}

    settings = Settings.from_environment({name.value: text for name, text in values.items()})

    assert {field.name for field in fields(Settings)} == {name.name.lower() for name in EnvVar}
    assert {name: str(getattr(settings, name.name.lower())) for name in EnvVar} == values


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
