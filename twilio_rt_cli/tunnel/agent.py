"""An ngrok agent of our own, started through pyngrok 9.1 in a way that keeps the authtoken to itself.

pyngrok would put the token on the command line, hand our environment on, look for no `ngrok` on PATH, and wait
without end for an agent that says nothing. So:

- the token stands in a configuration file (0600), which is gone as soon as the agent has read it;
- pyngrok starts a little script of ours, which leaves all secrets out of the environment, keeps what ngrok writes to
  stderr (it quotes the token there), and becomes ngrok. Its path is ours alone, and by its path pyngrok knows a
  process: `ngrok.kill` can only ever hit this agent;
- the agent has a session of its own, so that Ctrl-C in a terminal does not end it before our calls are over;
- `connect` runs in a thread, and when its time is up the process is killed, which ends the thread as well.

pyngrok's table of processes (`_current_processes`) is read without its lock, which `connect` holds meanwhile: an inner
name, so pyngrok is pinned to a minor version.
"""

import asyncio
import json
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from twilio_rt_cli.errors import ServiceError, TwilioRtError
from twilio_rt_cli.machine.environment import secret_names
from twilio_rt_cli.machine.private_file import write_private
from twilio_rt_cli.machine.process import END_S, Process
from twilio_rt_cli.machine.threads import in_thread, to_the_end
from twilio_rt_cli.tunnel import ngrok_api, orphans
from twilio_rt_cli.tunnel.config import TunnelConfig
from twilio_rt_cli.tunnel.failures import INSTALL_HINT, failure, redacted, silent
from twilio_rt_cli.tunnel.program import ngrok_program

if TYPE_CHECKING:
    from pyngrok.conf import PyngrokConfig
    from pyngrok.exception import PyngrokError
    from pyngrok.log import NgrokLog
    from pyngrok.process import NgrokProcess

log = logging.getLogger("twilio_rt.tunnel")

_LOOK_S = 0.02
_KILL_S = 5.0
_LINES_KEPT = 20
_CANNOT_RUN = (126, 127)
"""exit status of a shell that cannot execute a program, or does not find it"""


class OwnAgent:
    """One agent, from its start to its end. All methods block, except `start`."""

    def __init__(self, config: TunnelConfig, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._ngrok = _script(folder)
        self._process: subprocess.Popen[str] | None = None
        self._draining: threading.Thread | None = None
        self._complaints: list[str] = []
        self.tunnel: ngrok_api.AgentTunnel
        """known once it is started"""

    @classmethod
    async def start(cls, config: TunnelConfig) -> "OwnAgent":
        """An agent with a tunnel to our port. Raises TwilioRtError, and leaves nothing behind then."""
        program = await ngrok_program(config)
        made: list[OwnAgent] = []
        try:
            # To its end, or a folder that is just being made would stay behind when we are cancelled.
            await to_the_end(lambda: made.append(cls(config, orphans.new_folder(config.port))))
            await made[0]._start(program)
        except BaseException:
            for agent in made:
                await to_the_end(agent.close)
            raise
        return made[0]

    @property
    def exited(self) -> str | None:
        """How the process ended; None while it runs."""
        status = self._process.poll() if self._process else None
        if status is None:
            return None
        return f"ngrok ended ({f'signal {-status}' if status < 0 else f'exit status {status}'})"

    def close(self) -> None:
        """Take the tunnel down, end the process, and leave no file."""
        from pyngrok import ngrok

        process = self._process
        if process is not None:
            if process.poll() is None and hasattr(self, "tunnel"):
                ngrok_api.end_tunnel(self.tunnel, self._config.answer_s)
            with suppress(OSError):
                process.terminate()  # asked first, so that the account's session is free at once
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._config.end_s)
            ngrok.kill(self._pyngrok())
            process.kill()
            process.wait()
            if self._draining is not None:
                self._draining.join(END_S)
            elif process.stdout is not None:
                process.stdout.close()
        orphans.remove(self._folder)

    # The start

    async def _start(self, program: Path) -> None:
        starting = in_thread(lambda: self._connect(program))
        until = asyncio.get_running_loop().time() + self._config.start_s
        noted = False
        try:
            while not starting.done():
                await asyncio.wait({starting}, timeout=_LOOK_S)
                noted = noted or await self._note()
                if asyncio.get_running_loop().time() > until:
                    raise silent(self._config)
        finally:
            if not starting.done():
                await to_the_end(lambda: self._kill(starting))
                if starting.done() and not starting.cancelled():
                    starting.exception()  # seen
        self.tunnel = starting.result()
        await to_the_end(self._settle)

    async def _note(self) -> bool:
        """Write down which process it is, once there is one."""
        process = self._process = self._process or _process_of(self._ngrok)
        if process is None:
            return False
        agent = Process.of(process.pid)
        await to_the_end(lambda: orphans.note(self._folder, self._config.port, agent))  # before the folder is removed
        return True

    def _kill(self, starting: "asyncio.Future[ngrok_api.AgentTunnel]") -> None:
        """End a start that takes too long: without its process, the thread in `connect` comes to an end too."""
        until = time.monotonic() + _KILL_S
        while not starting.done() and time.monotonic() < until:
            self._process = self._process or _process_of(self._ngrok)
            if self._process is not None:
                self._process.kill()
            time.sleep(_LOOK_S)  # in a thread; the one in `connect` may be about to start the process

    def _connect(self, program: Path) -> ngrok_api.AgentTunnel:
        from pyngrok import ngrok
        from pyngrok.exception import PyngrokError

        logging.getLogger("pyngrok.process.ngrok").addFilter(_nothing)
        _spare_loopback_the_proxy()
        self._write(program)
        url = {"url": self._config.url} if self._config.url else {}
        try:
            made = ngrok.connect(str(self._config.port), pyngrok_config=self._pyngrok(), **url)
        except PyngrokError as error:
            raise self._failure(error) from error
        except (OSError, HTTPException, ValueError) as error:
            raise ServiceError(f"ngrok cannot be run: {error}.", hint=INSTALL_HINT) from error
        assert made.public_url is not None
        assert made.api_url is not None
        assert made.uri is not None
        upstream = str(made.upstream.get("url", ""))
        return ngrok_api.AgentTunnel(made.api_url, made.uri, made.public_url.rstrip("/"), upstream)

    def _settle(self) -> None:
        """The agent is up: take the token away, read what it goes on to write, and note where it answers."""
        self._process = self._process or _process_of(self._ngrok)
        assert self._process is not None
        (self._folder / "ngrok.yml").unlink(missing_ok=True)
        drained = (self._process, self._heard_line)
        self._draining = threading.Thread(target=_drain, args=drained, name="ngrok", daemon=True)
        self._draining.start()
        agent = Process.of(self._process.pid)
        orphans.note(self._folder, self._config.port, agent, self.tunnel.api_url)

    def _pyngrok(self) -> "PyngrokConfig":
        from pyngrok.conf import DEFAULT_NGROK_CONFIG_PATH, PyngrokConfig

        theirs = Path(DEFAULT_NGROK_CONFIG_PATH)
        has_own = self._config.authtoken is None and theirs.is_file()
        made = PyngrokConfig(
            ngrok_path=str(self._ngrok),
            config_path=str(theirs if has_own else self._folder / "ngrok.yml"),
            monitor_thread=False,  # we read what it writes, or it would block on a full pipe
            log_event_callback=self._heard,
            startup_timeout=max(1, int(self._config.start_s * 0.8)),
            request_timeout=10,
            start_new_session=True,
        )
        made.auth_token = None  # whatever the environment says: it would go onto the command line
        return made

    def _write(self, program: Path) -> None:
        token = self._config.authtoken
        agent = {"agent": {"authtoken": token}} if token else {}
        # JSON is YAML. The folder is ours alone, and so is what is in it.
        write_private(self._folder / "ngrok.yml", json.dumps({"version": "3", **agent}).encode())
        names = [name for name in secret_names() if re.fullmatch(r"\w+", name)]
        lines = [
            "#!/bin/sh",
            f"unset {' '.join(names)}" if names else ":",
            "echo 'lvl=debug msg=\"starting ngrok\"'",  # a first line, by which we get hold of the process in any case
            f'exec {shlex.quote(str(program))} "$@" </dev/null 2>{shlex.quote(str(self._folder / "stderr"))}',
        ]
        write_private(self._ngrok, ("\n".join(lines) + "\n").encode(), mode=0o700)

    # What it says

    def _heard(self, line: "NgrokLog") -> None:
        self._process = self._process or _process_of(self._ngrok)
        self._heard_line(line.line)

    def _heard_line(self, line: str) -> None:
        log.debug("ngrok: %s", redacted(line, self._config))
        self._complaints = [*self._complaints, line][-_LINES_KEPT:]

    def _failure(self, error: "PyngrokError") -> TwilioRtError:
        """What went wrong, from all that was said: the error, the answer's body, the last lines, stderr."""
        outputs = [str(getattr(error, "ngrok_error", None) or ""), str(getattr(error, "body", None) or "")]
        with suppress(OSError):
            outputs.append((self._folder / "stderr").read_text(errors="replace"))
        numbered = next((text for text in (*outputs, *self._complaints) if "ERR_NGROK_" in text), None)
        status = self._process.poll() if self._process else None
        if status in _CANNOT_RUN:
            return ServiceError(
                f"ngrok cannot be run: {redacted(outputs[-1].rpartition('exec: ')[2], self._config)}", hint=INSTALL_HINT
            )
        if not any(text.strip() for text in (*outputs, numbered or "")) and status not in {None, -signal.SIGKILL}:
            return ServiceError(f"{self.exited} before there was a tunnel.", hint=INSTALL_HINT)
        return failure(numbered or next((text for text in outputs if text.strip()), str(error)), self._config)


def _script(folder: Path) -> Path:
    return folder / "ngrok"


def _process_of(program: Path) -> "subprocess.Popen[str] | None":
    table = getattr(sys.modules.get("pyngrok.process"), "_current_processes", {})  # importing it here takes too long
    found: NgrokProcess | None = table.get(str(program))
    return found.proc if found else None


def _drain(process: "subprocess.Popen[str]", heard: Callable[[str], None]) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            heard(line)


def _spare_loopback_the_proxy() -> None:
    """pyngrok asks the agent's API on 127.0.0.1 by the environment's proxy, unless that says otherwise."""
    if urllib.request.getproxies().get("http") and not urllib.request.proxy_bypass("127.0.0.1"):
        names = [os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "", "127.0.0.1", "localhost"]
        os.environ["no_proxy"] = ",".join(filter(None, names))


def _nothing(_: logging.LogRecord) -> bool:
    """pyngrok logs each line of ngrok as it is, and ngrok quotes the token in some: we log them ourselves."""
    return False
