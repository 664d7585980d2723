"""A call that is recorded: the same Call, which lets a tape see what comes and what is ordered.

A bridge without recording uses the plain Call, so that recording costs nothing when it is off. Whatever goes wrong with
the tape ends the recording and leaves the call alone.
"""

from collections.abc import Callable, Sequence

from twilio_rt_cli.call.call import Call
from twilio_rt_cli.call.commands import Command, HangUp, SendMedia
from twilio_rt_cli.call.events import Event, PhoneClosed
from twilio_rt_cli.call.notices import CallOver
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.call.recording.tape import Tape
from twilio_rt_cli.protocol.twilio import Media, Stop, StreamSid
from twilio_rt_cli.records.audio_files import Recording

_LAST = frozenset({Stop, PhoneClosed})


class RecordedCall(Call):
    """Records itself from its first moment to `over`."""

    def __init__(
        self, plan: CallPlan, stream_sid: StreamSid, now: float, *, recording: Recording, clock: Callable[[], float]
    ) -> None:
        super().__init__(plan, stream_sid, now)
        self._recording = recording
        self._clock = clock
        self._tape: Tape | None = Tape(self._conversation.playout, now)

    @property
    def passes(self) -> Callable[[Media, Callable[[], float]], bool]:
        return self._lets_pass

    def _lets_pass(self, event: Media, clock: Callable[[], float]) -> bool:
        passed = self._caller_audio.passes(event, clock)
        if passed and self._tape is not None:
            self._record(self._tape, event, (), self._clock())
        return passed

    def receive(self, event: Event, now: float) -> Sequence[Command]:
        frames = self.statistics.frames_in
        commands = super().receive(event, now)
        if self._tape is not None:
            refused = type(event) is Media and self.statistics.frames_in == frames
            self._record(self._tape, None if refused else event, commands, now)
        return commands

    def over(self, now: float) -> CallOver:
        if self._tape is not None:
            self._record_rest(self._tape, now)
        self._tape = None
        self._recording.close()
        return super().over(now)

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
                tape.end(now + (self._conversation.playout.rtt_ms or 0.0) / 1000)
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


def recorded(recording: Recording, clock: Callable[[], float]) -> Callable[[CallPlan, StreamSid, float], Call]:
    """Makes the call that goes on this recording; `clock` is the one by which the call is told the time."""

    def make(plan: CallPlan, stream_sid: StreamSid, now: float) -> Call:
        return RecordedCall(plan, stream_sid, now, recording=recording, clock=clock)

    return make
