"""Recordings on the disk: one stereo WAV a call, written as it goes, by one thread for all calls.

A file is valid at every moment: sound is appended first, and then the header, in one write, says how much there is.
So a process that is killed leaves a file that lacks the last seconds, and nothing else. It holds 16-bit PCM, which
every reader knows (Python's own `wave` refuses µ-law), as Twilio's recordings do.

A call never waits for the disk. What the thread has not written yet is bounded: a disk that is too slow makes stretches
silent, and one that is full, or away, ends the recording; either is said once, with the Call SID.
"""

import logging
import os
import re
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.audio.rate import RATE_HZ
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid

FOLDER = "recordings"
MOST_WAITING_BYTES = 8 * 16_000
"""Of one call, µ-law: eight seconds"""
STOP_S = 5.0
"""How long a stopping server waits for the disk"""
CHANNELS = 2
SAMPLE_BYTES = 2
HEADER_BYTES = 44
_SILENT_SAMPLES = RATE_HZ
_OPEN = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME = re.compile(r"\d{6}-\w+\.wav")

log = logging.getLogger("twilio_rt.recording")


Began = Callable[[CallSid, Path], None]


def no_listener(_: CallSid, __: Path) -> None:
    """Nobody wants to know."""


class AudioRecordings:
    """All recordings below a folder. Enter it before the first; leaving writes what is still to be written.

    `began` hears of each recording's path, on the caller's thread, before there is a file. Recordings that began
    more than `days` ago are removed.
    """

    def __init__(self, folder: Path, *, days: int | None = None, began: Began = no_listener) -> None:
        self._folder = folder / FOLDER
        self._days = days
        self._began = began
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="recordings", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.put(None)
        self._thread.join(STOP_S)

    def begin(self, call_sid: CallSid, stream_sid: StreamSid, at: datetime) -> "Recording":
        """A recording of a call that begins at this local time. Nothing here blocks or raises."""
        name = re.sub(r"\W", "", call_sid, flags=re.ASCII)[:64] or "call"
        path = self._folder / f"{at:%Y-%m-%d}" / f"{at:%H%M%S}-{name}.wav"
        recording = Recording(path, {"call": call_sid, "stream": stream_sid}, self.after)
        if self._days is not None:
            oldest = date.fromordinal(max(1, at.date().toordinal() - self._days))
            self.after(partial(prune, self._folder, oldest))
        self._began(call_sid, path)
        return recording

    def after(self, job: Callable[[], object]) -> None:
        """Have something done in the thread, after all that was given until now."""
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # one recording must not end the others
                log.exception("a recording failed")


class Recording:
    """One file on its way to the disk. `log` is for what has to be said of it."""

    def __init__(self, path: Path, about: Mapping[str, str], do: Callable[[Callable[[], object]], None]) -> None:
        self.path = path
        self.log = logging.LoggerAdapter(log, about)
        self.ended = False
        """whether it was closed or given up"""
        self._do = do
        self._file: int | None = None
        self._sound_bytes = 0
        # Each of these two is changed by one thread alone; what waits is the difference.
        self._given_bytes = self._taken_bytes = 0
        self._silence: _Silence | None = None
        """the last that was given, if no sound came after it"""
        self._slow = False

    def write(self, pieces: Iterable[bytes | int]) -> None:
        """Append stretches of both channels: interleaved µ-law, or how many samples of silence. Does not block."""
        for piece in pieces:
            if isinstance(piece, int):
                self._be_silent(piece)
            elif self._given_bytes - self._taken_bytes + len(piece) <= MOST_WAITING_BYTES:
                self._given_bytes += len(piece)
                self._do(partial(self._write_sound, piece))
                self._silence = None
            else:
                self._be_silent(len(piece) // CHANNELS)
                if not self._slow:
                    self._slow = True
                    self.log.warning("the disk is too slow: parts of the recording are silent (%s)", self.path)

    def close(self) -> None:
        """Nothing more comes."""
        self._do(self._close)

    def _be_silent(self, samples: int) -> None:
        """More silence: what waits already gets longer, or a disk that hangs would fill memory with silence."""
        if self._silence is None or not self._silence.longer(samples):
            self._silence = _Silence(samples)
            self._do(partial(self._write_silence, self._silence))

    # In the thread

    def _write_sound(self, piece: bytes) -> None:
        self._append(mulaw.decode(piece).astype("<i2").tobytes())
        self._taken_bytes += len(piece)

    def _write_silence(self, silence: "_Silence") -> None:
        samples = silence.taken()
        while samples > 0 and not self.ended:
            self._append(bytes(min(samples, _SILENT_SAMPLES) * CHANNELS * SAMPLE_BYTES))
            samples -= _SILENT_SAMPLES

    def _append(self, sound: bytes) -> None:
        if self.ended:
            return
        try:
            if self._file is None:
                self._file = _create(self.path)
            _write_whole(self._file, sound, HEADER_BYTES + self._sound_bytes)
            self._sound_bytes += len(sound)
            _write_whole(self._file, header(self._sound_bytes), 0)
        except OSError as error:
            self.log.warning("the recording ends here, the call goes on: %s (%s)", error.strerror or error, self.path)
            self._close()

    def _close(self) -> None:
        self.ended = True
        if self._file is None:
            return
        file, self._file = self._file, None
        with suppress(OSError):  # what the header tells of is there
            os.ftruncate(file, HEADER_BYTES + self._sound_bytes)
        with suppress(OSError):
            os.close(file)


class _Silence:
    """A stretch of silence that waits; it may get longer until the thread takes it."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._taken = False
        self._lock = threading.Lock()

    def longer(self, samples: int) -> bool:
        """Whether it could be made so much longer."""
        with self._lock:
            if not self._taken:
                self._samples += samples
            return not self._taken

    def taken(self) -> int:
        """How long it is, and stays."""
        with self._lock:
            self._taken = True
            return self._samples


def header(sound_bytes: int) -> bytes:
    """What stands before so much sound."""
    frame_bytes = CHANNELS * SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", sound_bytes + HEADER_BYTES - 8, b"WAVE"),
        *(b"fmt ", 16, 1, CHANNELS, RATE_HZ, RATE_HZ * frame_bytes, frame_bytes, 8 * SAMPLE_BYTES),
        *(b"data", sound_bytes),
    )


def prune(folder: Path, oldest: date) -> int:
    """Remove the recordings of days before that one; how many. What is not a recording stays."""
    removed = 0
    with suppress(OSError):
        for day in list(folder.iterdir()):
            if not _is_before(day.name, oldest):
                continue
            for file in list(day.iterdir()):
                if _NAME.fullmatch(file.name):
                    file.unlink(missing_ok=True)
                    removed += 1
            with suppress(OSError):  # not empty
                day.rmdir()
    return removed


def _is_before(name: str, oldest: date) -> bool:
    try:
        return date.fromisoformat(name) < oldest
    except ValueError:
        return False


def _create(path: Path) -> int:
    """A new file (0600) in folders of our own (0700), with a header. Raises OSError."""
    for folder in reversed((path.parent, *path.parent.parents)):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
    file = os.open(path, _OPEN, 0o600)
    try:
        _write_whole(file, header(0), 0)
    except OSError:
        os.close(file)
        raise
    return file


def _write_whole(file: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, at)
        view, at = view[written:], at + written
