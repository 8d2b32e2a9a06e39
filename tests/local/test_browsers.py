"""What a browser asks the API before a web page may call it."""

from urllib.request import Request, urlopen

from tests.running import Running


def test_a_page_of_any_origin_may_call_the_api_of_a_development_stack(aws: Running) -> None:
    preflight = Request(
        aws.deployed.api_url,
        method="OPTIONS",
        headers={
            "Origin": "https://admin.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-tenant",
        },
    )

    with urlopen(preflight) as answer:
        headers = answer.headers

    assert answer.status in (200, 204)
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert {"authorization", "content-type", "x-tenant"} <= set(
        headers["Access-Control-Allow-Headers"].lower().replace(" ", "").split(",")
    )
