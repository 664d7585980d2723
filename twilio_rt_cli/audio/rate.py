"""Telephone audio in numbers: 8,000 samples a second, one byte each in µ-law, in frames of 20 ms."""

RATE_HZ = 8_000
PER_S = RATE_HZ
"""samples, and bytes of µ-law"""
PER_MS = RATE_HZ // 1000
FRAME_BYTES = 20 * PER_MS
"""what Twilio sends and takes at once"""
