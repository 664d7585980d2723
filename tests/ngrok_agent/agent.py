"""The life of the stand-in: command line, session, log lines, local API, signals."""

import asyncio
import os
import signal
import ssl
import sys
from enum import Enum
from pathlib import Path

import yaml

from tests.ngrok_agent.api import Api
from tests.ngrok_agent.log import line

_AGENTS = 6
_TOKEN = "Your authtoken: {}"
_SAYS = {
    "4018": "authentication failed: Usage of ngrok requires a verified account and authtoken.",
    "105": f"authentication failed: The authtoken you specified does not look like a proper authtoken. {_TOKEN}",
    "107": f"authentication failed: The authtoken you specified is properly formed, but it is invalid. {_TOKEN}",
    "108": "authentication failed: Your account is limited to 1 simultaneous ngrok agent sessions.",
    "121": "authentication failed: Your ngrok-agent version is too old.",
}


class Mode(Enum):
    """How it fails, besides the numbers of `_SAYS` and 334 (or any other number) for the tunnel."""

    SILENT = "silent"
    """says nothing, and stays"""
    EXIT = "exit"
    """ends at once, without a word"""
    CRASH = "crash"
    """ends right after a tunnel was opened"""


def main(arguments: list[str]) -> int:
    """What the command line asks for; gives the exit status."""
    match arguments:
        case ["--version" | "version", *_]:
            sys.stdout.write("ngrok version 3.99.0\n")
            return 0
        case ["config", "add-authtoken", *_]:
            sys.stdout.write("Authtoken saved to configuration file\n")
            return 0
        case ["start", *options]:
            return asyncio.run(_Agent(options).run())
        case _:
            sys.stderr.write("ERROR: unknown command\n")
            return 1


def _value(options: list[str], name: str) -> str | None:
    return options[options.index(name) + 1] if name in options else None


class _Agent:
    def __init__(self, options: list[str]) -> None:
        config = _value(options, "--config")
        written = yaml.safe_load(Path(config).read_text()) if config else {}
        agent = written.get("agent") or {}
        self._token = str(_value(options, "--authtoken") or agent.get("authtoken") or "")
        self._web = str(agent.get("web_addr") or os.environ.get("NGROK_STANDIN_WEB") or "127.0.0.1:0")
        told = os.environ.get("NGROK_STANDIN") or self._token.partition("fail-")[2] or ""
        self._number = told if told.isdigit() else None
        self._mode = None if told.isdigit() or not told else Mode(told)
        self._ended = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)
        if self._mode is Mode.EXIT:
            return 1
        if self._mode is Mode.SILENT:
            await self._ended.wait()
            return 0
        refused = self._refused()
        if refused is not None:
            return refused
        await self._serve(loop)
        return self._status

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        tunnel_fails = self._number if self._number not in {None, *_SAYS} else None
        api = Api(_context(), refuse=tunnel_fails, opened=self._opened)
        api.logs(lambda what, about: line("info", what, obj="join", about=about))
        loop.add_signal_handler(signal.SIGUSR1, api.drop)
        server, address = await self._listen(api)
        line("info", "starting web service", obj="web", addr=address, allow_hosts="[]")
        line("info", "client session established", obj="tunnels.session")
        line("info", "tunnel session started", obj="tunnels.session")
        await self._ended.wait()
        server.close()
        api.drop()

    async def _listen(self, api: Api) -> tuple[asyncio.Server, str]:
        host, _, port = self._web.rpartition(":")
        for number in range(_AGENTS):
            try:
                server = await asyncio.start_server(api.serve, host, int(port) + number if int(port) else 0)
            except OSError:
                continue
            return server, f"{host}:{server.sockets[0].getsockname()[1]}"
        raise SystemExit(1)

    def _refused(self) -> int | None:
        """The exit status when ngrok's servers would not have us."""
        number = self._number if self._number in _SAYS else None
        if number is None and not self._token:
            number = "4018"
        if number is None and not self._has_place():
            number = "108"
        if number is None:
            return None
        text = _SAYS[number].format(self._token) + f"\r\n\r\nERR_NGROK_{number}\r\n"
        line("eror", "failed to auth", obj="tunnels.session", err=text)
        line("eror", "terminating with error", obj="app", err=text)
        sys.stderr.write(f"ERROR:  {text}")  # the agent does so as well
        return 1

    def _has_place(self) -> bool:
        """Whether the account allows one more agent; if so, it is ours while we live."""
        account = os.environ.get("NGROK_STANDIN_SESSIONS")
        if not account:
            return True
        folder = Path(account)
        if any(_lives(int(one.name)) for one in folder.iterdir()):
            return False
        (folder / str(os.getpid())).touch()
        return True

    def _opened(self) -> None:
        if self._mode is Mode.CRASH:
            self._status = 1
            asyncio.get_running_loop().call_later(0.1, self._ended.set)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return True


def _context() -> ssl.SSLContext | None:
    named = os.environ.get("NGROK_STANDIN_TLS")
    if not named:
        return None
    certificate, _, key = named.partition(",")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
