"""The system's own words, out of what libraries wrap around them."""

import asyncio
import errno
import os
import socket
import ssl

import pytest

from twilio_rt_cli.machine.reasons import causes, reason, reason_behind


def test_the_number_tells_and_not_the_sentence_that_a_library_made() -> None:
    assert reason(OSError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)")) == os.strerror(
        errno.ECONNREFUSED
    )


def test_what_asyncio_raises_for_a_refused_connection_is_told_in_the_systems_words() -> None:
    async def connect(port: int) -> None:
        await asyncio.open_connection("127.0.0.1", port)

    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(OSError) as refused:  # noqa: PT011  # which words it has is the question
        asyncio.run(connect(port))
    assert reason(refused.value) == os.strerror(errno.ECONNREFUSED)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "certificate verify failed"),
        (OSError("no address of h"), "no address of h"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_without_a_number_of_the_system_its_text_is_what_there_is(error: OSError, told: str) -> None:
    assert reason(error) == told


def test_what_lies_under_a_librarys_error_is_found() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed")
    library = RuntimeError("All connection attempts failed")
    library.__cause__ = ExceptionGroup("each", [ValueError(), refused])
    assert reason_behind(library) == os.strerror(errno.ECONNREFUSED)
    assert reason_behind(RuntimeError("Max retries exceeded", refused)) == os.strerror(errno.ECONNREFUSED)
    assert reason_behind(RuntimeError("as it says")) == "as it says"
    assert reason_behind(RuntimeError()) == "RuntimeError"
    assert refused in list(causes(library))
