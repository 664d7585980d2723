"""Why the system would not do something, in its own words, whatever a library made of them."""

import os
import socket
import ssl

_NUMBERS_OF_THEIR_OWN = (socket.gaierror, ssl.SSLError)


def reason(error: OSError) -> str:
    """The system's words for an error, as "Connection refused".

    asyncio puts sentences of its own into errors, which differ by its version; the number stays what it was. Names that
    are not found and TLS have numbers of another kind, and there the text is the resolver's or the TLS library's.
    """
    if error.errno is not None and not isinstance(error, _NUMBERS_OF_THEIR_OWN):
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__
