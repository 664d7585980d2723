"""Why somebody cannot be reached: the system's answer, out of what libraries wrapped around it, in words."""

import socket

from twilio_rt_cli.machine.reasons import causes, reason_behind

BRIDGE_HINT = "Is the bridge running there? Start one with `twilio-rt serve`."


def unreachable(address: str, error: BaseException) -> tuple[str, str]:
    """Why an address cannot be reached, and what to do about it, from what a library made of the system's answer."""
    found = list(causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in found):
        hint = "Check the name, and that this machine can look names up."
        return f"{address} cannot be found: there is no such name", hint
    if any(isinstance(cause, ConnectionRefusedError) for cause in found):
        return f"{address} refused the connection", BRIDGE_HINT
    return f"{address} cannot be reached: {reason_behind(error)}", BRIDGE_HINT
