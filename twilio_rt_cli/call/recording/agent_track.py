"""The agent's channel of a recording: every sample where the caller heard it, silence elsewhere.

The playout knows how far the caller is (`Generation`), and corrects itself with every mark that comes back. The track
looks at it from two seconds behind, when the marks after a sample are back too: a line may delay an echo but never
hurries it, so of the echoes of the next second the one that came soonest tells best where the sample lies. And since
echoes and caller audio come over one connection in the order they were sent, an echo lies between the caller's frames
that came before and after it, however late all three of them were.

Audio that plays without a pause is kept without one: a correction moves it only when it is late by more than a frame
and a half. Audio that a clear cut off is left out from where the cut was settled, and from where what came after the
clear was heard.
"""

from collections import deque
from dataclasses import dataclass, field

from twilio_rt_cli.audio.rate import PER_MS, PER_S
from twilio_rt_cli.call.generation import Generation, Run
from twilio_rt_cli.call.playout import Playout

SILENCE = b"\xff"
LATE = 30 * PER_MS
"""A correction that is no larger moves nothing"""
LATE_RUN = 10 * PER_MS
"""The same where a run begins, before which the buffer was dry: a pause is likely there"""
NEXT_ECHOES = PER_S
"""How far behind a sample the marks may lie that tell where it was heard"""
STEP = 100 * PER_MS
MOST_WAITING = 30 * PER_S
"""Agent audio kept here; a far end that claims to play faster than that is not believed"""
PATIENCE = 8 * PER_S
"""How long caller audio may be on its way before the tape goes on without it"""
CLOCK_WINDOW = 2 * PER_S
FAR = 1 << 62


class TapeClock:
    """Where on the tape a moment of our clock lies.

    The caller's audio tells: a frame that is on time ends at the moment it arrives, and frames are late, never early.
    So the one that was least late in the last seconds is believed.
    """

    def __init__(self, began_at: float) -> None:
        self._began_at = began_at
        self._window_at = 0
        self._latest = self._earlier = 0

    @property
    def ahead(self) -> int:
        """By how many samples the caller's clock is ahead of ours."""
        return max(self._latest, self._earlier, -PATIENCE)

    def passed(self, now: float) -> int:
        """Samples since the call began, by our clock."""
        return round((now - self._began_at) * PER_S)

    def at(self, now: float) -> int:
        """Position of a moment."""
        return self.passed(now) + self.ahead

    def saw(self, end: int, passed: int) -> None:
        """A frame that ends at this position has arrived."""
        ahead = end - passed
        if passed - self._window_at >= CLOCK_WINDOW:
            self._window_at = passed
            self._earlier, self._latest = self._latest, ahead
        elif ahead > self._latest:
            self._latest = ahead


@dataclass(slots=True)
class Echo:
    """A mark that was played: where it lies in the stream, and between which positions of the tape."""

    position: int
    passed: int
    """when it came back, in samples since the call began"""
    earliest: int
    latest: int = FAR

    def offset(self, ahead: int) -> int:
        """From the stream to the tape, at this mark.

        The clock tells, as long as it keeps between the two; the further beyond, the less, and then the middle is it.
        """
        at, middle = self.passed + ahead, (self.earliest + self.latest) // 2
        if at > self.latest:
            at = max(middle, 2 * self.latest - at)
        elif at < self.earliest:
            at = self.earliest if self.latest == FAR else min(middle, 2 * self.earliest - at)
        return at - self.position


@dataclass(slots=True)
class Stretch:
    """A run of the playout, as the track sees it."""

    run: Run
    echoes: deque[Echo] = field(default_factory=lambda: deque(maxlen=64))
    offset: int | None = None
    """from the stream to the tape, as it was used last"""


@dataclass(slots=True)
class SeenGeneration:
    """A generation, and the last mark of it that was noted."""

    generation: Generation
    echoed: int


class AgentTrack:
    """Takes agent audio as it is sent, gives it as it was heard."""

    def __init__(self, playout: Playout, clock: TapeClock) -> None:
        self._playout = playout
        self._clock = clock
        self._audio = bytearray()
        self._position = 0
        """in the stream, of what waits here"""
        current = playout.current
        self._current = SeenGeneration(current, current.echoed)
        self._cuts: deque[SeenGeneration] = deque()
        self._stretches = deque([Stretch(current.runs[0])])
        self._frame_end = self._frame_before = 0
        """where the last two frames of caller audio end"""
        self._open: deque[Echo] = deque(maxlen=64)
        """echoes behind which no caller audio has come yet"""
        self._sounded_until = -FAR

    def sent(self, audio: bytes) -> None:
        """Audio went to the phone."""
        self._audio += audio
        if len(self._audio) > MOST_WAITING:
            self._skip(len(self._audio) - MOST_WAITING)

    def frame_ended(self, position: int) -> None:
        """A frame of caller audio came, and ends there on the tape."""
        self._frame_before, self._frame_end = self._frame_end, position
        for echo in self._open:
            echo.latest = position
        self._open.clear()

    def look(self, now: float) -> None:
        """Note what the playout has learned."""
        current = self._playout.current
        if current is not self._current.generation:
            self._cuts.append(self._current)
            self._current = SeenGeneration(current, current.echoed)
        for cut in self._cuts:
            self._note_echo(cut, now)
        if current.runs[-1] is not self._stretches[-1].run:
            self._note_runs(current)
        self._note_echo(self._current, now)

    def heard(self, begin: int, end: int, now: float) -> bytes | None:
        """What was heard between two positions of the tape, as far as is known now; None: nothing. In order only."""
        track: bytearray | None = None
        at = begin
        while at < end and self._position < (limit := self._limit(now)):
            stretch = self._stretch()
            heard_at = self._offset(stretch) + self._position
            if self._sounded_until == at and heard_at - at <= (LATE_RUN if stretch.offset is None else LATE):
                heard_at = at
            at = max(at, heard_at)
            if at >= (followed_at := self._followed_at()):
                self._skip(self._cuts[0].generation.sent - self._position)
                continue
            samples = min(end - at, limit - self._position, followed_at - at, STEP)
            if len(self._stretches) > 1:
                samples = min(samples, self._stretches[1].run.start - self._position)
            if samples <= 0:
                break
            if track is None:
                track = bytearray(SILENCE * (end - begin))
            track[at - begin : at - begin + samples] = self._audio[:samples]
            stretch.offset = at - self._position
            self._skip(samples)
            at += samples
            self._sounded_until = at
        return None if track is None else bytes(track)

    def _note_runs(self, current: Generation) -> None:
        for run in current.runs:
            last = self._stretches[-1].run
            if run.start == last.start and run is not last:
                self._stretches[-1] = Stretch(run)  # the one before it never got any audio
            elif run.start > last.start:
                self._stretches.append(Stretch(run))

    def _note_echo(self, seen: SeenGeneration, now: float) -> None:
        position = seen.generation.echoed
        if position == seen.echoed:
            return
        seen.echoed = position
        run = seen.generation.runs[0]
        at = run.begins_at + (position - run.start) / PER_S
        for stretch in self._stretches:
            if stretch.run is run and run.start < position:
                stretch.echoes.append(self._echo(position, at, now))

    def _echo(self, position: int, at: float, now: float) -> Echo:
        if now - at < 0.001:
            echo = Echo(position, self._clock.passed(at), self._frame_end)
            self._open.append(echo)
            return echo
        # After a clear it was held until caller audio told that it was real: that was the last frame.
        return Echo(position, self._clock.passed(at), self._frame_before, self._frame_end)

    def _limit(self, now: float) -> int:
        """Position up to which the audio that waits here was heard; what was cut off is skipped."""
        while self._cuts:
            generation = self._cuts[0].generation
            cut_at = generation.cut_at
            limit = min(generation.heard(now, looks=True) if cut_at is None else cut_at, generation.sent)
            if cut_at is None or self._position < limit:
                return limit
            self._skip(generation.sent - self._position)
            self._cuts.popleft()
        current = self._playout.current
        return min(current.heard(now, looks=True), self._position + len(self._audio))

    def _followed_at(self) -> int:
        """Where on the tape something was heard that came after a clear: nothing from before it can be heard there."""
        if self._cuts:
            for stretch in self._stretches:
                if stretch.run.start >= self._cuts[0].generation.sent:
                    offset = self._by_echoes(stretch, stretch.run.start)
                    return FAR if offset is None else stretch.run.start + offset
        return FAR

    def _stretch(self) -> Stretch:
        while len(self._stretches) > 1 and self._stretches[1].run.start <= self._position:
            self._stretches.popleft()
        return self._stretches[0]

    def _offset(self, stretch: Stretch) -> int:
        """From the stream to the tape, for the next sample."""
        while stretch.echoes and stretch.echoes[0].position <= self._position:
            stretch.echoes.popleft()
        if (offset := self._by_echoes(stretch, self._position)) is not None:
            return offset
        if stretch.offset is not None:
            return stretch.offset
        return self._clock.at(stretch.run.begins_at) - stretch.run.start

    def _by_echoes(self, stretch: Stretch, position: int) -> int | None:
        ahead, last = self._clock.ahead, position + NEXT_ECHOES
        return min((echo.offset(ahead) for echo in stretch.echoes if echo.position <= last), default=None)

    def _skip(self, samples: int) -> None:
        if samples > 0:
            del self._audio[:samples]
            self._position += samples
