"""What a nursery is asked for."""

import msgspec


class Request(msgspec.Struct, frozen=True):
    """A module to run as `python -m` would, and its surroundings."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    piped: tuple[int, ...] = (1, 2)
    """the streams that are pipes: a descriptor comes for each of them"""
    terminal: bool = False
    """one more descriptor comes: its terminal, for the other streams"""
