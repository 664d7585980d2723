import socket

import pytest

from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.machine.listen import listen


def test_a_free_port_is_known_at_once() -> None:
    (one,) = listen("127.0.0.1", 0, 8)
    with one:
        port = one.getsockname()[1]
        assert port > 0
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_all_addresses_of_a_name_share_one_port() -> None:
    sockets = listen("localhost", 0, 8)
    assert len({one.getsockname()[1] for one in sockets}) == 1
    assert sockets[0].getsockname()[0] == "127.0.0.1"
    for one in sockets:
        one.close()


def test_a_busy_port_is_told_in_a_sentence() -> None:
    (taken,) = listen("127.0.0.1", 0, 8)
    port = taken.getsockname()[1]
    with taken, pytest.raises(ServerError, match=f"^Port {port} on 127.0.0.1 is in use by another program.$") as told:
        listen("127.0.0.1", port, 8)
    assert "PORT" in told.value.hint


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-name.invalid"])
def test_an_address_that_is_not_ours_is_told_in_a_sentence(host: str) -> None:
    with pytest.raises(ServerError, match=f"^We cannot listen on {host} port 0: ") as told:
        listen(host, 0, 8)
    assert "HOST" in told.value.hint
