"""The tests' side of the nursery: starts it, and processes in it that look like asyncio's."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from asyncio import StreamReader
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from tests.nursery.program import Program
from tests.nursery.request import Request


class Forked:
    """A process of the nursery's, with the names of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, fate: StreamReader, stdout: StreamReader, stderr: StreamReader) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout = stdout
        self.stderr = stderr
        self._fate = fate
        self._waiting = asyncio.Lock()

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        async with self._waiting:
            if self.returncode is None:
                self.returncode = int(await self._fate.readline())
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        out, err = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await self.wait()
        return out, err


class Nursery:
    """Where a process begins in a hundredth of the time that its imports would take."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @asynccontextmanager
    async def start(
        self, module: str, *arguments: str, folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> AsyncIterator[Forked]:
        """Like `python -m`, in this folder and with this environment alone; killed if the test leaves it running."""
        request = Request(module, list(arguments), dict(environment or os.environ), str(folder or Path.cwd()))
        asking, readers = self._ask(request)
        fate, writer = await asyncio.open_unix_connection(sock=asking)
        out, err = await _reader(readers[1]), await _reader(readers[2])
        process = Forked(int(await fate.readline()), fate, out[0], err[0])
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            writer.close()
            for _, transport in (out, err):
                transport.close()

    @contextmanager
    def program(
        self,
        module: str,
        *arguments: str,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        terminal: int | None = None,
        piped: Sequence[int] = (1, 2),
    ) -> Iterator[Program]:
        """The same for a test that runs no loop. `terminal` becomes its own, for the streams that are not `piped`."""
        given = dict(environment or os.environ)
        request = Request(module, list(arguments), given, str(folder or Path.cwd()), tuple(piped), terminal is not None)
        program = Program(*self._ask(request, terminal))
        try:
            yield program
        finally:
            program.close()

    def _ask(self, request: Request, terminal: int | None = None) -> tuple[socket.socket, dict[int, int]]:
        """Where its id and its exit status will be told, and where to read what it pipes."""
        asking = socket.socket(socket.AF_UNIX)
        asking.connect(str(self._path))
        pipes = {number: os.pipe() for number in request.piped}
        ends = [end for _, end in pipes.values()]
        socket.send_fds(asking, [msgspec.json.encode(request)], [*ends, *([] if terminal is None else [terminal])])
        for end in ends:
            os.close(end)
        return asking, {number: reader for number, (reader, _) in pipes.items()}


@contextmanager
def nursery(path: Path) -> Iterator[Nursery]:
    """A nursery that listens on this path."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.nursery", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent.parent,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield Nursery(path)


async def _reader(descriptor: int) -> tuple[StreamReader, asyncio.ReadTransport]:
    reader = StreamReader()
    pipe = os.fdopen(descriptor, "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader, transport
