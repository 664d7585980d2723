"""A call that is recorded: a Call, and around it a tape that sees what comes and what is ordered.

A bridge without recording has the plain Call, so recording costs nothing when it is off. Whatever goes wrong with the
tape ends the recording and leaves the call alone.
"""

from collections.abc import Callable, Sequence

from twilio_rt_cli.call.call import Call
from twilio_rt_cli.call.commands import Command, HangUp, SendMedia
from twilio_rt_cli.call.events import Event, PhoneClosed
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.figures.status import CallStatus
from twilio_rt_cli.call.notices import CallOver
from twilio_rt_cli.call.recording.tape import Tape
from twilio_rt_cli.protocol.twilio import Media, Stop
from twilio_rt_cli.records.audio_files import Recording

_LAST = frozenset({Stop, PhoneClosed})


class RecordedCall:
    """Whoever holds it holds a Call; it is recorded from its first moment, which is now, to `over`."""

    def __init__(self, call: Call, recording: Recording, now: float) -> None:
        self._call = call
        self._recording = recording
        self._tape: Tape | None = Tape(call.playout, now)

    @property
    def statistics(self) -> CallStatistics:
        """Counters of this call, live."""
        return self._call.statistics

    def receive(self, event: Event, now: float) -> Sequence[Command]:
        """As a Call does, and on tape."""
        frames = self.statistics.frames_in
        commands = self._call.receive(event, now)
        if self._tape is not None:
            refused = type(event) is Media and self.statistics.frames_in == frames  # only what is taken is counted
            self._record(self._tape, None if refused else event, commands, now)
        return commands

    def passes(self, event: Media, clock: Callable[[], float]) -> bool:
        """As with a Call, and on tape."""
        passed = self._call.passes(event, clock)
        if passed and self._tape is not None:
            self._record(self._tape, event, (), clock())
        return passed

    def waiting_ms(self, now: float) -> float:
        """As a Call does."""
        return self._call.waiting_ms(now)

    def status(self, now: float) -> CallStatus:
        """As a Call does."""
        return self._call.status(now)

    def deadline(self) -> float | None:
        """As a Call does."""
        return self._call.deadline()

    def break_off(self) -> None:
        """As a Call does; the recording goes on to `over`."""
        self._call.break_off()

    def over(self, now: float) -> CallOver:
        """As a Call does; the recording ends."""
        if self._tape is not None:
            self._record_rest(self._tape, now)
        self._tape = None
        self._recording.close()
        return self._call.over(now)

    def _record(self, tape: Tape, event: Event | None, commands: Sequence[Command], now: float) -> None:
        try:
            if type(event) is Media:
                tape.caller(event.media.payload, event.media.timestamp, now)
            hangs_up = False
            for command in commands:
                if type(command) is SendMedia:
                    tape.agent(command.payload)
                elif type(command) is HangUp:
                    hangs_up = True
            tape.look(now)
            if type(event) in _LAST:
                tape.end(now)
            elif hangs_up:  # the phone hears on for one way of the line, and would tell us so after another
                tape.end(now + (self._call.playout.rtt_ms or 0.0) / 1000)
            if ready := tape.take():
                self._recording.write(ready)
        except Exception:  # noqa: BLE001  # a bug of the tape must not hurt the call: log it, and record no more
            self._give_up()
        if self._recording.ended:
            self._tape = None

    def _record_rest(self, tape: Tape, now: float) -> None:
        try:
            self._recording.write(tape.finish(now))
        except Exception:  # noqa: BLE001  # as above
            self._give_up()

    def _give_up(self) -> None:
        self._tape = None
        self._recording.log.exception("the recording ends here, the call goes on")
