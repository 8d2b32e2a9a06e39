"""Webiny's `getSettings` and `updateSettings`, with its ranges and errors."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from tests.handler.graphql.client import Api
from tests.handler.stack import Stack

GET_SETTINGS = """query GetBackgroundTaskSettings {
    backgroundTasks {
        getSettings { data { retentionDays } error { message code data } }
    }
}"""
UPDATE_SETTINGS = """
mutation UpdateBackgroundTaskSettings($input: UpdateBackgroundTaskSettingsInput!) {
    backgroundTasks {
        updateSettings(input: $input) { data { retentionDays } error { message code data } }
    }
}"""


@pytest.fixture(autouse=True)
def deployed(stack: Stack) -> None:
    stack.settings = replace(stack.settings, retention_days=90)


def update(api: Api, **input: Any) -> Any:
    return api.envelope(UPDATE_SETTINGS, input=input)


def test_they_are_as_deployed_until_somebody_changes_them(api: Api) -> None:
    assert api.data(GET_SETTINGS) == {"retentionDays": 90}


@pytest.mark.parametrize("days", [0, 30, 3650])
def test_a_change_is_answered_and_kept(api: Api, days: int) -> None:
    assert update(api, retentionDays=days) == {"data": {"retentionDays": days}, "error": None}

    assert api.data(GET_SETTINGS) == {"retentionDays": days}


@pytest.mark.parametrize("days", [-1, 3651, None])
def test_a_number_out_of_the_range_is_refused_in_webinys_words(api: Api, days: Any) -> None:
    answer = update(api, retentionDays=days)

    assert answer["data"] is None
    assert answer["error"]["message"] == "Validation failed."
    assert answer["error"]["code"] == "BackgroundTasks/ValidationError"
    (issue,) = answer["error"]["data"]["issues"]
    assert issue["path"] == ["retentionDays"]
    assert "0 to 3,650" in issue["message"]


@pytest.mark.parametrize("days", [30.5, "30", 2**40])
def test_what_is_no_whole_number_does_not_validate(api: Api, days: Any) -> None:
    answer = api.ask(UPDATE_SETTINGS, input={"retentionDays": days})

    assert answer.get("data") is None
    assert "retentionDays" in answer["errors"][0]["message"]


def test_what_is_left_out_stays(api: Api) -> None:
    update(api, retentionDays=30)

    assert update(api) == {"data": {"retentionDays": 30}, "error": None}


def test_a_tenant_changes_its_own_alone(api: Api, stack: Stack) -> None:
    update(api, retentionDays=30)

    assert stack.tasks.settings().retention_days == 30
    assert stack.tasks.settings(tenant="other").retention_days == 90


def test_a_change_is_audited_and_a_look_is_not(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        update(api, retentionDays=30)
        api.data(GET_SETTINGS)

    said = [vars(line) for line in caplog.records if hasattr(line, "action")]
    assert [each.get("operation") for each in said if each["action"] == "audit"] == [
        "updateSettings"
    ]
    (change,) = [each for each in said if each["action"] == "settings_changed"]
    assert change["identity_id"] not in ("", "system")
