"""The first request of docs/api.md, as its reader sends it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running import Running

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_curl_signs_it_and_is_answered(aws: Running) -> None:
    (command,) = re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    access = aws.deployed.access
    environment = {
        "PATH": os.environ["PATH"],
        "API_URL": aws.deployed.api_url,
        "AWS_REGION": access.region,
        "AWS_ACCESS_KEY_ID": access.access_key_id,
        "AWS_SECRET_ACCESS_KEY": access.secret_access_key,
    }

    done = subprocess.run(
        ["sh", "-c", command], env=environment, capture_output=True, text=True, check=True
    )

    answer = json.loads(done.stdout)["data"]["backgroundTasks"]["listDefinitions"]
    assert "testingRun" in {definition["id"] for definition in answer["data"]}
