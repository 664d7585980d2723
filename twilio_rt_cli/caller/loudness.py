"""What can be heard in µ-law audio: where speech begins and ends, and where to cut a long stretch. Pure functions.

A sample counts from about -48 dBFS up, and a stretch when one sample in twenty does: above line noise and the soft
ends of a synthetic voice, below any speech. Audio is 8 kHz, eight bytes a millisecond.
"""

from twilio_rt_cli.audio.rate import FRAME_BYTES, PER_MS, PER_S

SILENCE = b"\xff"
"""One sample of µ-law silence."""


_WINDOW = 80  # 10 ms
_LOUD = bytes(1 if ~code & 0x7F >= 0x10 else 0 for code in range(256))


def is_audible(mulaw: bytes) -> bool:
    """Whether somebody would hear more than silence in this stretch; False for no audio."""
    return mulaw.translate(_LOUD).count(1) * 20 > len(mulaw)


def speech_bounds(mulaw: bytes) -> tuple[int, int] | None:
    """Where speech begins and ends, in bytes (the end is exclusive); None when nothing can be heard."""
    loud = mulaw.translate(_LOUD)
    heard = [at for at in range(0, len(loud), _WINDOW) if loud.count(1, at, at + _WINDOW) * 20 > _WINDOW]
    if not heard:
        return None
    return loud.index(1, heard[0]), loud.rindex(1, 0, heard[-1] + _WINDOW) + 1


def audible_ms(mulaw: bytes) -> int:
    """Milliseconds of the 10 ms windows in which something can be heard."""
    loud = mulaw.translate(_LOUD)
    return sum(10 for at in range(0, len(loud), _WINDOW) if loud.count(1, at, at + _WINDOW) * 20 > _WINDOW)


def fluent(mulaw: bytes, longest_pause_ms: int = 250) -> bytes:
    """The speech without the silence around it, and no pause in it longer than that.

    A synthetic voice rests between sentences for longer than the silence by which a server finds the end of a turn.
    """
    bounds = speech_bounds(mulaw)
    if bounds is None:
        return mulaw
    kept, quiet = bytearray(), 0
    for at in range(bounds[0], bounds[1], _WINDOW):
        window = mulaw[at : min(at + _WINDOW, bounds[1])]
        quiet = 0 if is_audible(window) else quiet + len(window)
        if quiet <= longest_pause_ms * PER_MS:
            kept += window
    return bytes(kept)


def pieces(mulaw: bytes, longest_s: float = 15.0) -> tuple[bytes, ...]:
    """The audio in pieces of at most `longest_s`, cut at the quietest 200 ms of each piece's last third."""
    longest = int(longest_s * PER_S)
    cut: list[bytes] = []
    while len(mulaw) > longest:
        at = _quietest(mulaw, longest * 2 // 3, longest)
        cut.append(mulaw[:at])
        mulaw = mulaw[at:]
    return (*cut, mulaw) if mulaw else tuple(cut)


def _quietest(mulaw: bytes, first: int, last: int) -> int:
    """The middle of the quietest 200 ms between two positions; the later one of equals."""
    loud = mulaw.translate(_LOUD)
    starts = range(last - 200 * PER_MS, first - 1, -FRAME_BYTES)
    return min(starts, key=lambda at: loud.count(1, at, at + 1600)) + 800
