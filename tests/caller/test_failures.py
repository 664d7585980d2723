import socket

import pytest

from twilio_rt_cli.caller.failures import BRIDGE_HINT, unreachable


def wrapped(cause: BaseException) -> OSError:
    """What a library makes of it."""
    error = OSError("All connection attempts failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(111, "x"), wrapped(ExceptionGroup("two", [OSError(1, "x"), ConnectionRefusedError()]))],
)
def test_a_refused_connection_is_told_as_one(error: Exception) -> None:
    assert unreachable("h:1", error) == ("h:1 refused the connection", BRIDGE_HINT)


def test_a_name_that_is_none_is_told_and_the_hint_is_about_the_name() -> None:
    why, hint = unreachable("h:1", wrapped(socket.gaierror(-2, "Name or service not known")))
    assert why == "h:1 cannot be found: there is no such name"
    assert hint.startswith("Check the name")


def test_anything_else_is_told_without_its_number() -> None:
    assert unreachable("h:1", OSError(113, "No route to host"))[0] == "h:1 cannot be reached: No route to host"
    assert unreachable("h:1", ValueError())[0] == "h:1 cannot be reached: ValueError"
