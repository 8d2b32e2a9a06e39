"""Only keys that the account issued are accepted."""

from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from local.access import Access
from tests.local.conftest import Outputs


def test_a_wrong_secret_is_refused(access: Access) -> None:
    wrong = Access(access.endpoint_url, access.region, access.access_key_id, "not-the-secret")

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        wrong.client("sts").get_caller_identity()


@pytest.mark.parametrize("key", ["test", "000000000000", "AKIAUNKNOWN123456789"])
def test_a_key_that_the_account_did_not_issue_is_refused(access: Access, key: str) -> None:
    unknown = Access(access.endpoint_url, access.region, key, "test")

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        unknown.client("sts").get_caller_identity()


@pytest.mark.parametrize("path", ["/2015-03-31/functions", "/{bucketName}"])
def test_an_unsigned_request_is_refused(access: Access, outputs: Outputs, path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(access.endpoint_url + path.format(**outputs))

    with refused.value:
        assert refused.value.code == 403
