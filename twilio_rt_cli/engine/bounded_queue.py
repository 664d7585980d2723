"""A queue whose writer is asked to wait while too much is in it, by size and not by number."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class BoundedQueue(Generic[Item]):
    """What waits for one reader, in order. Putting never blocks: whoever puts asks for `room` before the next time."""

    def __init__(self, limit: int, size_of: Callable[[Item], int]) -> None:
        """Above `limit`, in whatever `size_of` counts, there is no room."""
        self._limit = limit
        self._size_of = size_of
        self._items: deque[Item] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    @property
    def first(self) -> Item | None:
        """What is taken next, if anything waits."""
        return self._items[0] if self._items else None

    def put(self, item: Item) -> None:
        """Add one."""
        self._items.append(item)
        self._size += self._size_of(item)
        self._arrived.set()
        if self._size > self._limit:
            self._has_room.clear()

    async def take(self) -> Item:
        """The first, when there is one."""
        while not self._items:
            self._arrived.clear()
            await self._arrived.wait()
        item = self._items.popleft()
        self._size -= self._size_of(item)
        if self._size <= self._limit:
            self._has_room.set()
        return item

    async def room(self) -> None:
        """Returns when little enough is waiting."""
        await self._has_room.wait()
