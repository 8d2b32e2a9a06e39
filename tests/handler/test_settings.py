"""What the environment tells."""

import pytest

from handler.contract import EnvVar
from handler.errors import SettingsError
from handler.settings import Settings

NEEDED = {"TABLE_NAME": "tasks", "EVENT_BUS_NAME": "bus"}


def test_the_table_and_the_bus_are_all_that_is_needed() -> None:
    settings = Settings.from_environment(NEEDED)

    assert settings == Settings(table_name="tasks", event_bus_name="bus")
    assert settings.retention_days == 0


def test_every_variable_of_the_contract_is_read() -> None:
    # Numbers, for those that take nothing else.
    values = {variable.value: str(number) for number, variable in enumerate(EnvVar, start=1)}

    settings = Settings.from_environment(values)

    read = {str(getattr(settings, variable.value.lower())) for variable in EnvVar}
    assert read == set(values.values())


@pytest.mark.parametrize("missing", NEEDED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(missing: str, value: str | None) -> None:
    environment = {name: text for name, text in NEEDED.items() if name != missing} | (
        {} if value is None else {missing: value}
    )

    with pytest.raises(SettingsError, match=missing):
        Settings.from_environment(environment)


@pytest.mark.parametrize("days", ["-1", "1.5", "ten", " "])
def test_retention_that_is_no_number_of_days_is_named_with_its_value(days: str) -> None:
    with pytest.raises(SettingsError, match=f'RETENTION_DAYS is "{days}"; it takes a whole number'):
        Settings.from_environment(NEEDED | {"RETENTION_DAYS": days})
