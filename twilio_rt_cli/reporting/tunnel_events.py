"""What happens to a tunnel, as event lines."""

from typing import assert_never

from twilio_rt_cli.reporting.event_lines import EventLine
from twilio_rt_cli.tunnel import TunnelChange, TunnelDown, TunnelLost, TunnelUp


def tunnel_event(change: TunnelChange) -> EventLine:
    """A change as a line; the opening counts as TunnelUp."""
    match change:
        case TunnelUp():
            return EventLine("tunnel.up", (("url", change.url), ("changed", change.changed)))
        case TunnelDown():
            return EventLine("tunnel.down", (("why", change.why), ("lost", False)))
        case TunnelLost():
            return EventLine("tunnel.down", (("why", change.error.message), ("lost", True)))
        case _:
            assert_never(change)
