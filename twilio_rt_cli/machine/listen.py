"""Listening sockets, opened by ourselves: the port is known, and a busy one is reported, before anything else runs."""

import errno
import socket

from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.machine.reasons import reason

SETTINGS = ("HOST", "PORT")


def listen(host: str, port: int, backlog: int, named: tuple[str, str] = SETTINGS) -> list[socket.socket]:
    """A listening socket for each address of `host`, all on one port; 0 takes a free one. Raises ServerError.

    `named` is how the person in front of us sets host and port.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port, named):
            if sockets:
                port = sockets[0].getsockname()[1]
            try:
                sockets.append(_listen(family, (address, port), backlog))
            except OSError as error:
                if not sockets or error.errno == errno.EADDRINUSE:
                    raise _server_error(error, host, port, named) from error
    except BaseException:
        for one in sockets:
            one.close()
        raise
    return sockets


def _addresses(host: str, port: int, named: tuple[str, str]) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise _server_error(error, host, port, named) from error
    found.sort(key=lambda one: one[0] != socket.AF_INET)  # IPv4 first: its loopback address is the one we name
    return list(dict.fromkeys((one[0], str(one[4][0])) for one in found))


def _listen(family: socket.AddressFamily, address: tuple[str, int], backlog: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        one.bind(address)
        one.listen(backlog)
    except BaseException:
        one.close()
        raise
    return one


def _server_error(error: OSError, host: str, port: int, named: tuple[str, str]) -> ServerError:
    host_name, port_name = named
    match error.errno:
        case errno.EADDRINUSE:
            hint = f"Stop that one, or choose another with {port_name} (0 takes a free one)."
            return ServerError(f"Port {port} on {host} is in use by another program.", hint=hint)
        case errno.EACCES | errno.EPERM:
            return ServerError(f"We may not listen on port {port}.", hint="Ports below 1024 need special rights.")
        case _:
            hint = f"{host_name} must be an address of this machine."
            return ServerError(f"We cannot listen on {host} port {port}: {reason(error)}.", hint=hint)
