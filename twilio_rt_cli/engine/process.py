"""The offline engine as a process of its own, so that its voice never runs on the bridge's loop.

`with engine_process() as url:` gives its ws:// address. It has a session of its own (Ctrl-C reaches us alone, and we
end it when the last call is over), and it watches its standard input: when we are gone, however that came, it goes too.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import IO

from twilio_rt_cli.errors import MissingExtraError, ServerError, TwilioRtError
from twilio_rt_cli.machine.environment import secret_names

log = logging.getLogger("twilio_rt.engine_process")
READY_TIMEOUT_S = 60.0
"""loading three models from a cold disk takes a while"""
STOP_TIMEOUT_S = 3.0


@contextmanager
def engine_process(
    *,
    on_death: Callable[[int], None] | None = None,
    command: tuple[str, ...] = (sys.executable, "-m", "twilio_rt_cli.engine.child"),
    stop_timeout_s: float = STOP_TIMEOUT_S,
) -> Iterator[str]:
    """The address of an engine on a free loopback port, ended with this context.

    `on_death` hears the exit status, in another thread, of an engine that ends before we want it to. Its environment
    is ours without the secrets. One that does not end within `stop_timeout_s` is killed. Raises MissingExtraError
    when the offline voice is not installed, ServerError when the engine does not start.
    """
    engine = _Engine(command, _environment())
    try:
        url = engine.wait_until_ready()
        engine.watch(on_death or _log_that_it_died)
        yield url
    finally:
        engine.stop(stop_timeout_s)


def end_with_parent() -> None:
    """In the other process: returns never, and ends that process once whoever started it is gone."""
    while os.read(0, 4096):  # nothing is ever sent: this stops when the other end of the pipe is closed
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(STOP_TIMEOUT_S)
    os._exit(1)


class _Engine:
    def __init__(self, command: tuple[str, ...], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self._lines: Queue[bytes] = Queue()
        self._complaints: deque[bytes] = deque(maxlen=50)
        self._ready = threading.Event()
        self._stopping = False
        self._threads = [self._start(self._read_output), self._start(self._read_complaints)]

    def wait_until_ready(self) -> str:
        try:
            line = self._lines.get(timeout=READY_TIMEOUT_S)
        except Empty:
            raise ServerError(f"The offline engine was not ready within {READY_TIMEOUT_S:g} s.") from None
        if not line:
            raise self._failure()
        self._ready.set()
        url = json.loads(line)["url"]
        assert isinstance(url, str)
        return url

    def watch(self, on_death: Callable[[int], None]) -> None:
        self._threads.append(self._start(lambda: self._wait(on_death)))

    def stop(self, timeout_s: float) -> None:
        self._stopping = True
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_S)
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def _start(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name="engine", daemon=True)
        thread.start()
        return thread

    def _read_output(self) -> None:
        for line in _lines_of(self._process.stdout):
            if not self._ready.is_set():
                self._lines.put(line)
        self._lines.put(b"")

    def _read_complaints(self) -> None:
        """Its log lines are ours; what it says before it is ready is kept, in case it never is."""
        for line in _lines_of(self._process.stderr):
            self._complaints.append(line)
            if self._ready.is_set():
                with suppress(OSError, ValueError):
                    sys.stderr.write(line.decode(errors="replace"))
                    sys.stderr.flush()

    def _wait(self, on_death: Callable[[int], None]) -> None:
        status = self._process.wait()
        if not self._stopping:
            on_death(status)

    def _failure(self) -> TwilioRtError:
        status = self._process.wait()
        self._threads[1].join(STOP_TIMEOUT_S)
        message, hint = _message_and_hint(b"".join(self._complaints).decode(errors="replace"))
        if status == 2:
            return MissingExtraError(message or "The offline engine cannot run.", hint=hint)
        return ServerError(f"The offline engine ended at once (exit status {status}). {message}".strip(), hint=hint)


def _message_and_hint(complaints: str) -> tuple[str, str]:
    """Message and hint out of what `console.problem` printed in the other process; else its last line."""
    lines = complaints.strip().splitlines()
    message = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    hint = [line.removeprefix("Hint: ") for line in lines if line.startswith("Hint: ")]
    return "\n".join(message or lines[-1:]), "\n".join(hint)


def _lines_of(pipe: IO[bytes] | None) -> Iterator[bytes]:
    assert pipe is not None
    return iter(pipe.readline, b"")


def _environment() -> dict[str, str]:
    """Ours without the secrets: the engine has no use for them."""
    secret = set(secret_names())
    kept = {name: value for name, value in os.environ.items() if name not in secret}
    # Three threads of the engine multiply small matrices: BLAS threads beside them only wait for one another.
    return {"OPENBLAS_NUM_THREADS": "1", **kept}


def _log_that_it_died(status: int) -> None:
    log.error("the offline engine ended (exit status %s): calls can no longer be answered; start again", status)
