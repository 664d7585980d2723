"""The live view of a server of another process: what its admin port tells, asked again and again."""

import asyncio
import sys
import time
from collections.abc import Coroutine
from typing import TextIO

from twilio_rt_cli.attach.client import Admin, open_admin
from twilio_rt_cli.errors import UnreachableError
from twilio_rt_cli.live.on_terminal import live_view
from twilio_rt_cli.live.screen import EVERY_S
from twilio_rt_cli.live.snapshot import CallDetail, Snapshot
from twilio_rt_cli.live.view import plain
from twilio_rt_cli.machine.signals import on_stop_signals
from twilio_rt_cli.output import console

_GONE_S = 10.0
"""after so long without an answer the server is gone for good"""
_MANY = 1000
_SCREENFUL = 60
_WIDE = 120
"""columns, where no terminal says how many"""


def print_once(url: str, *, json: bool) -> None:
    """What there is to see now, on stdout. Raises TwilioRtError when the server does not tell."""
    raw, snapshot = asyncio.run(_look_once(url))
    if json:
        console.data(raw.decode())
        return
    for line in plain(snapshot, console.width(sys.stdout) or _WIDE):
        console.data(line)


def watch(url: str, out: TextIO) -> None:
    """Show it until `q` or a signal. Raises TwilioRtError when the server does not tell, or no more."""
    asyncio.run(_watch(url, out))


async def _look_once(url: str) -> tuple[bytes, Snapshot]:
    async with open_admin(url) as admin:
        raw = await admin.ask("/calls", {"first": 0, "rows": _MANY})
        return raw, admin.read(raw, Snapshot)


async def _watch(url: str, out: TextIO) -> None:
    async with open_admin(url) as admin:
        remote = RemoteServer(admin, await admin.snapshot(0, _SCREENFUL))
        stops = on_stop_signals(remote.drain, asyncio.get_running_loop())
        with stops, live_view(remote, out, attached=True, trouble=remote.trouble) as screen:
            await _first_of(remote.follow(), remote.left.wait(), screen.gone.wait())


async def _first_of(*works: Coroutine[None, None, object]) -> None:
    """Until one of them is done; the others are cancelled. Raises what it raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


class RemoteServer:
    """Acts for the view: gives it the last answers, and asks for what it wants next."""

    def __init__(self, admin: Admin, snapshot: Snapshot) -> None:
        self._admin = admin
        self._snapshot = snapshot
        self._window = (0, 0)
        self._about = ""
        self._detail: CallDetail | None = None
        self._hang_ups: set[str] = set()
        self.left = asyncio.Event()
        """set when whoever looks wants to leave"""
        self._wanted = asyncio.Event()
        self._answered_at = time.monotonic()
        self._trouble = ""

    # What the view asks

    def snapshot(self, first: int, rows: int) -> Snapshot:
        """The last one that was told; the next will be of this window."""
        if self._window != (first, rows):
            self._window = (first, rows)
            self._wanted.set()
        return self._snapshot

    def detail(self, call_sid: str) -> CallDetail | None:
        """The last one that was told of this call, if one was."""
        if self._about != call_sid:
            self._about, self._detail = call_sid, None
            self._wanted.set()
        return self._detail

    def hang_up(self, call_sid: str) -> None:
        """With the next question."""
        self._hang_ups.add(call_sid)
        self._wanted.set()

    def drain(self) -> None:
        """Leave; the server goes on."""
        self.left.set()

    def trouble(self) -> str:
        """Why the last snapshot is old; nothing when it is not."""
        return self._trouble

    # Asking the server

    async def follow(self) -> None:
        """Ask until cancelled. Raises TwilioRtError when the server is gone."""
        while True:
            self._wanted.clear()
            try:
                await self._ask()
                self._answered_at, self._trouble = time.monotonic(), ""
            except UnreachableError:
                silent_s = time.monotonic() - self._answered_at
                if silent_s > _GONE_S:
                    raise
                self._trouble = f"no answer for {silent_s:.0f} s"
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def _ask(self) -> None:
        while self._hang_ups:
            call_sid = next(iter(self._hang_ups))
            await self._admin.hang_up(call_sid)
            self._hang_ups.discard(call_sid)
        about = self._about
        detail = await self._admin.detail(about) if about else None
        self._snapshot = await self._admin.snapshot(*self._window)
        if about == self._about:
            self._detail = detail or self._detail
