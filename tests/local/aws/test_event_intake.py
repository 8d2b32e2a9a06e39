"""PutEvents refuses malformed entries."""

from local.access import Access
from tests.local.conftest import Outputs


def test_put_events_refuses_malformed_entries_and_takes_the_valid_one(
    access: Access, outputs: Outputs
) -> None:
    details = ["[]", "5", "{", '{"how": "ok"}', ""]
    entry = {"EventBusName": outputs["eventBusName"], "Source": "test", "DetailType": "Other"}

    response = access.client("events").put_events(
        Entries=[{**entry, "Detail": detail} for detail in details]
    )

    malformed = "MalformedDetail"
    codes = [result.get("ErrorCode") for result in response["Entries"]]
    assert codes == [malformed, malformed, malformed, None, "InvalidArgument"]
    assert response["FailedEntryCount"] == 4
