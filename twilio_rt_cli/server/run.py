"""The public port as a whole: opens it, keeps time, drains on a signal, and leaves nothing behind.

uvicorn alone would hang up every call at the first signal. Here the first SIGINT or SIGTERM only closes the book for
new calls (`/readyz` says 503, callers hear that the line is busy) and keeps listening; the process ends when the last
call is over, or after `drain_s`, and its exit code is 0. A second signal ends everything at once, exit code 130.

Of uvicorn we use its HTTP connections and its opening and closing of the port; signals and the main loop are ours.
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.machine.listen import listen
from twilio_rt_cli.machine.signals import on_stop_signals
from twilio_rt_cli.output.exit_codes import INTERRUPTED
from twilio_rt_cli.protocol.origin import Origins
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.server.admission.quota import DayLimits, Quota
from twilio_rt_cli.server.admission.registry import HungUp, Registry
from twilio_rt_cli.server.app import create_app
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.server.context import OpenCall, Publish, ServerContext, call_log, log
from twilio_rt_cli.server.drain import Drain
from twilio_rt_cli.server.http_connection import LimitedHttp
from twilio_rt_cli.server.http_server import HttpServer, http_config
from twilio_rt_cli.server.lag import LoopLag
from twilio_rt_cli.server.upgrade import MediaSocket, MediaUpgrade

_TICK_S = 0.1
_CLOSE_S = 1.0
_SWITCH_S = 0.0005
"""after so long a thread that computes gives way. Python's own 5 ms are paid each time the loop has let go of the lock,
which it does several times in a turn: a tool that computed for 50 ms held up every call for a tenth of a second"""


@dataclass(frozen=True, slots=True)
class PublicPort:
    """The port of a server, as long as it is open."""

    local_url: str
    """where this machine reaches it: `http://127.0.0.1:PORT`"""
    origins: Origins
    """who says where Twilio reaches it; set what a tunnel or another process announces"""

    @property
    def number(self) -> int:
        """5001, say."""
        return int(self.local_url.rpartition(":")[2])

    @property
    def origin(self) -> str:
        """The origin that TwiML names and signatures are checked against."""
        return self.origins.current.url


Surroundings = Callable[[PublicPort], AbstractAsyncContextManager[None]]
"""What is around the server while it serves: an admin port, a tunnel, a number that points here"""


class BridgeServer:
    """One public port. `run` it in a process of its own, or enter `running` inside another program."""

    def __init__(
        self,
        config: ServerConfig,
        open_call: OpenCall,
        publish: Publish,
        quota: Quota | None = None,
        *,
        registry: Registry | None = None,
        on_lag: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`quota` turns callers away who have had enough; None: nobody has. It must hear what `publish` hears.

        `registry` may be made before the server by who counts what it refuses; `on_lag` hears how late the loop is.
        """
        self._config = config
        self.registry = registry or Registry(config)
        self.lag = LoopLag(on_lag)
        """how late the loop is; its figures stay when the server has stopped"""
        self._context = ServerContext(
            config, self.registry, open_call, publish, quota or Quota(DayLimits(), time.time())
        )
        self.drain = Drain(config, self.registry, publish)
        self._ticking: asyncio.TimerHandle | None = None
        self._uvicorn: HttpServer | None = None

    @property
    def checked(self) -> bool:
        """Whether Twilio's signatures are checked; if not, nobody but this machine may reach us."""
        return self._config.checked

    @property
    def connections(self) -> int:
        """Open connections on the public port, media sockets among them."""
        return len(self._uvicorn.server_state.connections) if self._uvicorn else 0

    def run(self, surroundings: Surroundings) -> None:
        """Serve until a signal and the drain it begins are over. Call it from the main thread.

        `surroundings` are entered once the port is open and left when the last call is over; a signal while they are
        being entered cancels that. Raises ServerError when the port cannot be opened, what the surroundings raise, and
        SystemExit(130) after a second signal.
        """
        loop = (_loop_factory() or asyncio.new_event_loop)()
        asyncio.set_event_loop(loop)
        try:
            with on_stop_signals(lambda: self.drain.ask(loop.time()), loop):
                try:
                    loop.run_until_complete(self._serve(surroundings))
                finally:
                    loop.run_until_complete(_end_tasks())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        if self.drain.forced:
            raise SystemExit(INTERRUPTED)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PublicPort]:
        """Serve on the running loop, without signal handlers; leaving ends what is still going on.

        Raises ServerError when the port cannot be opened.
        """
        sockets = listen(self._config.host, self._config.port, self._config.backlog)
        local_url = _local_url(self._config.host, sockets[0].getsockname()[1])
        self._context.origins.local = local_url
        server = self._uvicorn = self._new_uvicorn()
        await server.startup(sockets)
        self._tick()
        self.lag.start()
        try:
            yield PublicPort(local_url, self._context.origins)
        finally:
            await self._close(server)

    async def _serve(self, surroundings: Surroundings) -> None:
        async with self.running() as port:
            entered = asyncio.Event()
            serving = asyncio.ensure_future(self._surrounded(surroundings(port), entered))
            stopping = asyncio.ensure_future(self.drain.over.wait())
            try:
                await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
                if not entered.is_set():
                    serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving
            finally:
                stopping.cancel()

    async def _surrounded(self, surroundings: AbstractAsyncContextManager[None], entered: asyncio.Event) -> None:
        _favour_the_loop()
        self.lag.stop()  # no call waits for what starts up around us, so it is not logged as if one did
        async with surroundings:
            entered.set()
            self.lag.start()
            await self.drain.over.wait()
            await self._cut_off()

    def hang_up(self, call_sid: CallSid) -> HungUp:
        """A person ends this call, at the live view or the admin port."""
        log_of_call = self._context.log_of(call_sid)
        found = self.registry.hang_up(call_sid, self._context.now())
        if found is HungUp.DONE:
            log_of_call.info("an operator hangs up")
        return found

    def stop(self) -> None:
        """Begin to drain, as a first signal does."""
        if not self.drain.began.is_set():
            self.drain.ask(self._context.now())

    def _new_uvicorn(self) -> HttpServer:
        config = self._config
        settings = http_config(
            create_app(self._context),
            http=partial(  # type: ignore[arg-type]  # uvicorn only calls it
                LimitedHttp, upgrade=MediaUpgrade(self._context), header_timeout_s=config.header_timeout_s
            ),
            backlog=config.backlog,
            timeout_keep_alive=config.keep_alive_s,
            timeout_graceful_shutdown=2,  # media sockets wait 1 s for the other side's goodbye
        )
        return HttpServer(settings)

    # Time

    def _tick(self) -> None:
        now = self._context.now()
        for live in self.registry.sweep(now):
            sid = live.incoming.call_sid if live.incoming else CallSid("")
            call_log(sid, live.stream_sid).error("the call lost its socket and never said that it was over")
        self._context.limiter.sweep(now)
        self.drain.look(now)
        self._ticking = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    # The end

    async def _cut_off(self) -> None:
        """End the calls that are left, if any: whoever watches from around us still hears how they ended."""
        assert self._uvicorn is not None
        self.registry.end_all(EndReason.DRAINED, self._context.now())
        for connection in list(self._uvicorn.server_state.connections):
            if isinstance(connection, MediaSocket):
                connection.shutdown()
        await self._streams_over()

    async def _streams_over(self) -> None:
        """Wait until every stream is over, for a moment at most."""
        over = [asyncio.Event() for _ in self.registry.streaming()]
        for live, event in zip(self.registry.streaming(), over, strict=True):
            live.waiting.append(event.set)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                for event in over:
                    await event.wait()

    async def _close(self, server: HttpServer) -> None:
        self.registry.end_all(EndReason.DRAINED, self._context.now())
        await server.shutdown()
        await self._streams_over()
        if self._ticking is not None:
            self._ticking.cancel()
        self.lag.stop()


def _local_url(host: str, port: int) -> str:
    return f"http://[::1]:{port}" if host == "::1" else f"http://127.0.0.1:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if find_spec("uvloop") is None:
        return None
    import uvloop  # noqa: PLC0415  # not on every platform

    return uvloop.new_event_loop


def _favour_the_loop() -> None:
    """Shorten what may stop every call: other threads' turns, and garbage collections.

    What is loaded by now stays, and need not be looked at in every full collection.
    """
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()


async def _end_tasks() -> None:
    """Cancel what still runs. A tool that swallows its cancellation is left behind: it must not hold up the process."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    if rest:
        _, stuck = await asyncio.wait(rest, timeout=_CLOSE_S)
        for task in stuck:
            log.error("left behind, because it does not end: %s", task.get_name())
    await asyncio.get_running_loop().shutdown_asyncgens()
