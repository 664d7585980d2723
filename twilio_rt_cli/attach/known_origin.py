"""The public origin that other commands may take for granted: what was set, or what server or ngrok say."""

from collections.abc import Callable, Sequence

from twilio_rt_cli.machine.state import running_server
from twilio_rt_cli.settings.groups import ServerSettings, TunnelSettings
from twilio_rt_cli.tunnel.ngrok_api import public_url

Lookup = Callable[[ServerSettings, TunnelSettings], str | None]


def by_setting(server: ServerSettings, _: TunnelSettings) -> str | None:
    """PUBLIC_URL."""
    return server.public_url


def by_running_server(*_: object) -> str | None:
    """The origin that this user's running server names and checks signatures against."""
    server = running_server()
    if server is None:
        return None
    from twilio_rt_cli.attach.client import origin_known_to  # slow to import, and mostly there is no server

    return origin_known_to(server.admin_url)


def by_ngrok_agent(wanted: ServerSettings, tunnel: TunnelSettings) -> str | None:
    """The address of a tunnel to our port that an ngrok agent has."""
    server = running_server()
    return public_url(tunnel.ngrok_api_url, server.port if server else wanted.port)


LOOKUPS: tuple[Lookup, ...] = (by_setting, by_running_server, by_ngrok_agent)


def known_origin(server: ServerSettings, tunnel: TunnelSettings, lookups: Sequence[Lookup] = LOOKUPS) -> str | None:
    """The first origin that somebody knows; None when nobody does."""
    return next((origin for lookup in lookups if (origin := lookup(server, tunnel))), None)
