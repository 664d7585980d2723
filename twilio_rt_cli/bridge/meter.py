"""Once a second, at debug level: the audio of one call, both ways. At other levels nothing runs."""

import asyncio
import logging
from typing import Any

from twilio_rt_cli.call.figures.statistics import CallStatistics

EVERY_S = 1.0


class Meter:
    """Logs what came and went since the last line."""

    def __init__(self, log: "logging.LoggerAdapter[Any]", statistics: CallStatistics) -> None:
        self._log = log
        self._statistics = statistics
        self._logged = (0, 0, 0, 0)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        if self._log.isEnabledFor(logging.DEBUG):
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._log_audio)

    def stop(self) -> None:
        """Log nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _log_audio(self) -> None:
        one = self._statistics
        now = (one.frames_in, one.bytes_in, one.frames_out, one.bytes_out)
        since = tuple(new - old for new, old in zip(now, self._logged, strict=True))
        self._logged = now
        self._log.debug(
            "audio in the last second: caller %d frames %d bytes, agent %d frames %d bytes; marks %d sent %d echoed",
            *since,
            one.marks_sent,
            one.marks_echoed,
        )
        self.start()
