"""A public address for a local port, by ngrok: found or opened, watched, opened again, and taken down at the end.

`open_tunnel` looks for a source of one in this order (`sources.py`):

1. an agent of ours that outlived a run of ours that was killed (`orphans.py`): adopted if it fits, else ended;
2. an agent that somebody else runs (NGROK_API_URL): its tunnel to our port, or one more that we make and take back;
3. an agent of our own (`agent.py`), started through pyngrok.

`keeper.py` watches the source that was found. When it breaks, the search begins again.
"""

from twilio_rt_cli.tunnel.changes import TunnelChange, TunnelDown, TunnelLost, TunnelUp
from twilio_rt_cli.tunnel.config import TunnelConfig
from twilio_rt_cli.tunnel.keeper import Tunnel, open_tunnel

__all__ = ["Tunnel", "TunnelChange", "TunnelConfig", "TunnelDown", "TunnelLost", "TunnelUp", "open_tunnel"]
