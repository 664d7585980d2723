"""What a reader loses who does not take the lines we write: a pipe, a terminal, whoever attached.

No call waits for a reader. Above `SLOW_LINES` waiting lines it gets no figures, for the next ones make up for them;
other lines wait for it up to `MOST_LINES`. Beyond these our own output goes on with a gap, which is counted, and a
reader on the admin port is cut off, so that what it was sent has no holes.
"""

SLOW_LINES = 100
MOST_LINES = 10_000


def keeps_up(waiting: int) -> bool:
    """Whether a reader for whom so many lines wait has a use for fresh figures."""
    return waiting <= SLOW_LINES
