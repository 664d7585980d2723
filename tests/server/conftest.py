"""Whatever a stranger sends, our log shows no error."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_errors_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test that expects an error clears `caplog` after it looked."""
    caplog.set_level(logging.DEBUG, "twilio_rt")
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []
