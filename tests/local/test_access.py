"""The way into an AWS account."""

from local.access import Access


def test_the_secret_is_not_shown() -> None:
    access = Access("http://127.0.0.1:1", "eu-central-1", "AKIA", "hush")

    assert "hush" not in repr(access)
