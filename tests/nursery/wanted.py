"""What a nursery is asked for."""

import msgspec


class Wanted(msgspec.Struct, frozen=True):
    """A module to run as `python -m` would, and its surroundings."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
