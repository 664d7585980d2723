"""Why somebody cannot be reached: the system's answer, out of what libraries wrapped around it, in words."""

import socket
from collections.abc import Iterator

from twilio_rt_cli.machine.reasons import reason

BRIDGE_HINT = "Is the bridge running there? Start one with `twilio-rt serve`."


def unreachable(address: str, error: BaseException) -> tuple[str, str]:
    """Why an address cannot be reached, and what to do about it, from what a library made of the system's answer."""
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        hint = "Check the name, and that this machine can look names up."
        return f"{address} cannot be found: there is no such name", hint
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"{address} refused the connection", BRIDGE_HINT
    why = next((reason(cause) for cause in causes if isinstance(cause, OSError) and cause.errno), str(error))
    return f"{address} cannot be reached: {why or type(error).__name__}", BRIDGE_HINT


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _causes(one)
        error = error.__cause__ or error.__context__
