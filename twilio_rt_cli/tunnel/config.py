"""What a tunnel needs to know, as plain values."""

from dataclasses import dataclass, field
from pathlib import Path

from twilio_rt_cli.tunnel.ngrok_api import DEFAULT_API_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelConfig:
    """Where the tunnel leads, whose it is, and how patient we are."""

    port: int
    """our port on this machine"""
    authtoken: str | None = field(default=None, repr=False)
    """of the ngrok account; None: the one in ngrok's own configuration file, if there is one"""
    url: str | None = None
    """fixed address (https://…); None: the account's default or a random one"""
    api_url: str = DEFAULT_API_URL
    """where an agent that already runs answers"""
    ngrok_path: Path | None = None
    """the program; None: `ngrok` on PATH, else the one that pyngrok keeps, downloaded if need be"""

    start_s: float = 20.0
    """how long an agent of ours may take to come up"""
    end_s: float = 2.0
    """how long it may take to end, before it is killed"""
    answer_s: float = 1.0
    """how long it may take to answer when we look at its tunnel, or end it"""
    poll_s: float = 1.0
    """between two looks at the tunnel"""
    retry_s: float = 1.0
    """first pause before it is opened again; it doubles up to 30 s"""
    give_up_s: float = 60.0
    """how long it may be down"""
