"""Why the system would not do something, in its own words, whatever a library made of them."""

import os
import socket
import ssl
from collections.abc import Iterator

_NUMBERS_OF_THEIR_OWN = (socket.gaierror, ssl.SSLError)


def reason(error: OSError) -> str:
    """The system's words for an error, as "Connection refused".

    asyncio puts sentences of its own into errors, which differ by its version; the number stays what it was. Names that
    are not found and TLS have numbers of another kind, and there the text is the resolver's or the TLS library's.
    """
    if error.errno is not None and not isinstance(error, _NUMBERS_OF_THEIR_OWN):
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__


def reason_behind(error: BaseException) -> str:
    """The system's words for what lies under a library's error; the library's own where the system said nothing."""
    number = next((cause for cause in causes(error) if isinstance(cause, OSError) and cause.errno is not None), None)
    return reason(number) if number is not None else str(error) or type(error).__name__


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what lies under it: what it came from, what a group holds, what urllib3 puts among the arguments."""
    while error is not None:
        yield error
        yield from (argument for argument in error.args if isinstance(argument, OSError))
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from causes(one)
        error = error.__cause__ or error.__context__
