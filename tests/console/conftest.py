"""The console that most of these tests ask."""

from typing import Any

import pytest

from tests.console.asking import Place, app_of


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def app(place: Place) -> Any:
    return app_of(lambda: place)
