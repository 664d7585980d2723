"""Audio for tests: tones that can be heard, and silence that cannot."""

import math

from twilio_rt_cli.audio import mulaw


def tone(ms: int, hz: int = 440) -> bytes:
    """A tone, µ-law at 8 kHz."""
    import numpy as np

    samples = np.arange(ms * 8)
    return mulaw.encode((8000 * np.sin(2 * math.pi * hz * samples / 8000)).astype(np.int16))


def hush(ms: int) -> bytes:
    """Silence, µ-law at 8 kHz."""
    return b"\xff" * (ms * 8)
