"""One client of the engine: a socket, its session, and the tasks that carry out the session's orders.

Orders are performed in the order they were given, each to its end; what is slow runs on the workers' threads and comes
back as a result. Nothing grows without limit: speaking and reading wait while too much is unsent, and a client that
takes nothing for 30 s is let go.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date
from typing import assert_never

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from twilio_rt_cli.engine.bounded_queue import BoundedQueue
from twilio_rt_cli.engine.session import Session, orders
from twilio_rt_cli.engine.session.refusals import RefusedError
from twilio_rt_cli.engine.session.server_events import encode
from twilio_rt_cli.engine.turn_listener import TurnListener
from twilio_rt_cli.engine.workers import Workers

UNSENT_BYTES = 1024 * 1024
"""Above so much unsent text the session reads and speaks no further until the client has taken some."""
UNHEARD_BYTES = 240_000
"""Above so much audio (30 s) that turn detection has not heard yet, the client is not read."""
SEND_TIMEOUT_S = 30


class Connection:
    """Runs one session on one socket until either ends."""

    def __init__(self, socket: ServerConnection, session: Session, workers: Workers, today: Callable[[], date]) -> None:
        self._socket = socket
        self._session = session
        self._workers = workers
        self._today = today
        self._loop = asyncio.get_running_loop()
        self._outbox: BoundedQueue[str | orders.Close] = BoundedQueue(UNSENT_BYTES, _length)
        self._unheard: BoundedQueue[orders.Listen | orders.Tune] = BoundedQueue(UNHEARD_BYTES, _audio_bytes)
        self._jobs: set[asyncio.Task[None]] = set()
        self._speaking: dict[str, asyncio.Task[None]] = {}
        self._group = asyncio.TaskGroup()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Serve the client; returns when the socket is closed."""
        async with self._group:
            self._start(self._write())
            self._start(self._listen())
            try:
                self._perform(self._session.begin())
                await self._read()
            finally:
                if self._timer is not None:
                    self._timer.cancel()
                for job in list(self._jobs):
                    job.cancel()

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if isinstance(message, str):
                    self._perform(self._session.receive(message, self._loop.time()))
                else:
                    refusal = RefusedError("Binary messages are not supported; send JSON text.", "invalid_message")
                    self._perform(self._session.refuse(refusal))
                await self._outbox.room()
                await self._unheard.room()
        except ConnectionClosed:
            return

    async def _write(self) -> None:
        try:
            while True:
                message = await self._outbox.take()
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    if isinstance(message, orders.Close):
                        await self._socket.close(message.code, message.reason)
                        return
                    await self._socket.send(message)
        except ConnectionClosed:
            return
        except TimeoutError:
            self._socket.transport.abort()

    async def _listen(self) -> None:
        activity = await self._workers.new_activity()
        listener: TurnListener | None = None
        while True:
            order = await self._unheard.take()
            if isinstance(order, orders.Tune):
                listener = TurnListener(activity, order)
                continue
            assert listener is not None
            audio = [order.audio]
            while isinstance(self._unheard.first, orders.Listen):  # what piled up is heard in one go
                following = await self._unheard.take()
                assert isinstance(following, orders.Listen)
                audio.append(following.audio)
            for noticed in await self._workers.listen(listener, b"".join(audio)):
                if isinstance(noticed, orders.Heard) or self._workers.is_recogniser_idle:
                    self._report(noticed)

    def _report(self, result: orders.Result) -> None:
        self._perform(self._session.report(result, self._loop.time()))

    def _wake(self) -> None:
        self._timer = None
        self._perform(self._session.wake(self._loop.time()))

    def _perform(self, given: list[orders.Order]) -> None:
        for order in given:
            self._carry_out(order)
        deadline = self._session.deadline()
        if self._timer is None or self._timer.when() != deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._wake)

    def _carry_out(self, order: orders.Order) -> None:
        match order:
            case orders.Send(event):
                self._outbox.put(encode(event))
            case orders.Listen() | orders.Tune():
                self._unheard.put(order)
            case orders.Transcribe():
                self._start(self._transcribe(order))
            case orders.Think():
                self._start(self._think(order))
            case orders.Speak(response_id=response_id):
                self._speaking[response_id] = task = self._start(self._speak(order))
                task.add_done_callback(lambda _: self._speaking.pop(response_id, None))
            case orders.StopSpeaking(response_id):
                if (speaking := self._speaking.pop(response_id, None)) is not None:
                    speaking.cancel()
            case orders.Close():
                self._outbox.put(order)
            case _:
                assert_never(order)

    async def _transcribe(self, order: orders.Transcribe) -> None:
        try:
            text = await self._workers.transcribe(order.audio)
        except Exception as error:  # noqa: BLE001 - a recogniser may raise anything, and the client is to hear of it
            self._report(orders.TranscribingFailed(order.item_id, f"The recogniser failed: {error!r}", order.attempt))
            return
        self._report(orders.Transcribed(order.item_id, text, order.attempt))

    async def _think(self, order: orders.Think) -> None:
        try:
            decision = await self._workers.think(order.prompt, self._today())
        except Exception as error:  # noqa: BLE001 - a brain may raise anything, and the response is to end as failed
            self._report(orders.ThinkingFailed(order.response_id, f"The brain failed: {error!r}"))
            return
        self._report(orders.Thought(order.response_id, decision))

    async def _speak(self, order: orders.Speak) -> None:
        try:
            speech = await self._workers.pieces(order)
            while pieces := await self._workers.next_pieces(speech):
                for piece in pieces:
                    await self._outbox.room()
                    self._report(orders.Spoken(order.response_id, piece))
        except Exception as error:  # noqa: BLE001 - a voice may raise anything, and the response is to end as failed
            self._report(orders.SpeakingFailed(order.response_id, f"The voice failed: {error!r}"))
            return
        self._report(orders.SpeakingDone(order.response_id))

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        job = self._group.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return job


def _length(message: str | orders.Close) -> int:
    return len(message) if isinstance(message, str) else 0


def _audio_bytes(order: orders.Listen | orders.Tune) -> int:
    return len(order.audio) if isinstance(order, orders.Listen) else 0
