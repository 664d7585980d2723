"""Where a tunnel comes from: an agent of our own, one adopted from an earlier run, or somebody else's."""

import logging
from pathlib import Path
from typing import Protocol

from twilio_rt_cli.errors import ServiceError, UnreachableError
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.machine.threads import to_the_end
from twilio_rt_cli.protocol.origin import is_loopback_url
from twilio_rt_cli.tunnel import ngrok_api, orphans
from twilio_rt_cli.tunnel.agent import OwnAgent
from twilio_rt_cli.tunnel.config import TunnelConfig
from twilio_rt_cli.tunnel.failures import failure
from twilio_rt_cli.tunnel.ngrok_api import AgentTunnel

log = logging.getLogger("twilio_rt.tunnel")


class TunnelSource(Protocol):
    """A tunnel that is up, and who holds it. Its methods block."""

    @property
    def tunnel(self) -> AgentTunnel: ...

    @property
    def exited(self) -> str | None:
        """Why its process is gone; None while it runs, or when it is none of ours to know."""

    def close(self) -> None:
        """End what is ours of it, and nothing else."""


class Adopted:
    """An agent that an earlier run of ours started, and could not end."""

    def __init__(self, tunnel: AgentTunnel, agent: Process, folder: Path) -> None:
        self.tunnel = tunnel
        self._agent = agent
        self._folder = folder

    @property
    def exited(self) -> str | None:
        return None if self._agent.alive else "ngrok ended"

    def close(self) -> None:
        ngrok_api.end_tunnel(self.tunnel)
        self._agent.end()
        orphans.remove(self._folder)


class Borrowed:
    """A tunnel of an agent that somebody else runs; `made`: we asked it for this tunnel, and take that back."""

    def __init__(self, tunnel: AgentTunnel, *, made: bool) -> None:
        self.tunnel = tunnel
        self._made = made

    @property
    def exited(self) -> None:
        return None

    def close(self) -> None:
        if self._made:
            ngrok_api.end_tunnel(self.tunnel)


async def find_source(config: TunnelConfig) -> TunnelSource:
    """A tunnel to our port. Raises TwilioRtError when there is none to be had."""
    found: list[TunnelSource] = []

    def search() -> None:
        source = _adopted(config) or _borrowed(config)
        found.extend([source] if source else [])

    try:
        await to_the_end(search)
        return found[0] if found else await OwnAgent.start(config)
    except OSError as error:
        raise ServiceError(f"The tunnel cannot be opened: {error}.", hint="Is the state folder writable?") from error
    except BaseException:
        for source in found:  # we are not wanted any more
            await to_the_end(source.close)
        raise


def broken(source: TunnelSource, answer_s: float) -> str | None:
    """Why the tunnel cannot be up any more; None when it is, an empty text when its agent does not answer."""
    exited = source.exited
    if exited is not None:
        return exited
    match ngrok_api.is_listed(source.tunnel, answer_s):
        case None:
            return ""
        case True:
            return None
        case False:
            return "ngrok has closed the tunnel"


def _adopted(config: TunnelConfig) -> TunnelSource | None:
    """An orphan whose tunnel fits; orphans that do not are ended, since the account may allow one agent alone."""
    found: TunnelSource | None = None
    for folder, note in orphans.orphans():
        assert note.agent is not None
        fitting = _fitting(ngrok_api.tunnels(note.api_url) or [], config) if note.api_url else None
        if found is None and fitting is not None:
            log.info("taking over the ngrok agent (pid %d) that an earlier run left behind", note.agent.pid)
            orphans.note(folder, config.port, note.agent, note.api_url)
            found = Adopted(fitting, note.agent, folder)
        else:
            log.info("ending the ngrok agent (pid %d) that an earlier run left behind", note.agent.pid)
            note.agent.end()
            orphans.remove(folder)
    return found


def _borrowed(config: TunnelConfig) -> TunnelSource | None:
    found = ngrok_api.find_tunnel(config.api_url, config.port, config.url)
    if found is not None:
        log.info("using the tunnel of the ngrok agent at %s", found.api_url)
        return Borrowed(found, made=False)
    agent = ngrok_api.running_agent(config.api_url)
    if not is_loopback_url(config.api_url):  # in its eyes our port is not on localhost
        raise _elsewhere(config, answers=agent is not None)
    if agent is None:
        return None
    log.info("asking the ngrok agent at %s for a tunnel", agent)
    try:
        return Borrowed(ngrok_api.make_tunnel(agent, config.port, config.url), made=True)
    except ngrok_api.AgentRefused as error:
        raise failure(str(error), config) from error
    except OSError as error:
        raise UnreachableError(
            f"The ngrok agent at {agent} does not answer ({error}).", hint="Stop it, or start it again."
        ) from error


def _fitting(tunnels: list[AgentTunnel], config: TunnelConfig) -> AgentTunnel | None:
    fits = (one for one in tunnels if one.leads_to(config.port))
    return next((one for one in fits if config.url is None or ngrok_api.same_url(one.public_url, config.url)), None)


def _elsewhere(config: TunnelConfig, *, answers: bool) -> ServiceError | UnreachableError:
    hint = f"Start it with a tunnel to port {config.port} of this machine, or unset NGROK_API_URL."
    if answers:
        return ServiceError(f"The ngrok agent at {config.api_url} has no tunnel to port {config.port}.", hint=hint)
    return UnreachableError(f"No ngrok agent answers at {config.api_url}.", hint=hint)
