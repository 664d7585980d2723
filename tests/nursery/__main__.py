"""Imports what a server needs, then forks a process for each request that comes in on the socket named in argv.

A request is `Request` with the descriptors of its streams. Its connection is told the process id, and the exit
status when it has ended. Ends itself when nobody holds its stdin any more.

A process is two: one runs the module, as `python -m` would; the other waits for it. Each is forked from here, where
there is one thread and no loop.
"""

import gc
import importlib
import os
import runpy
import select
import signal
import socket
import sys

import msgspec

from tests.nursery.request import Request

_WANTED = (
    "pyngrok.ngrok",
    "tests.server.world",
    "twilio_rt_cli.caller.probe",
    "twilio_rt_cli.cli.app",
    "twilio_rt_cli.attach.live_view",
    "twilio_rt_cli.numbers.configure",
    "twilio_rt_cli.serve.ingress",
    "twilio_rt_cli.reporting.reporter",
    "twilio_rt_cli.serve.start",
    "twilio_rt_cli.attach.tunnel",
    "twilio_rt_cli.live.screen",
    "twilio_rt_cli.live.summary",
    "twilio_rt_cli.admin.port",
    "twilio_rt_cli.server.run",
    "twilio_rt_cli.settings.groups",
)
_FORKS_SAFELY = sys.platform == "linux"
"""macOS has frameworks that do not live through a fork without exec: there a process begins like any other"""


def main(path: str) -> None:
    gc.disable()
    for module in _WANTED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who waits for a process is waited for by nobody
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            asking, _ = listening.accept()
            with asking:
                received, descriptors, _, _ = socket.recv_fds(asking, 1 << 20, 3)
                if os.fork() == 0:
                    listening.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    return _wait_for_one(asking, msgspec.json.decode(received, type=Request), descriptors)
                for one in descriptors:
                    os.close(one)
    return None


def _wait_for_one(asking: socket.socket, request: Request, descriptors: list[int]) -> None:
    pid = os.fork()
    if pid == 0:
        asking.close()
        return _become(request, descriptors)
    for one in (*descriptors, 1, 2):
        os.close(one)
    asking.sendall(b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    asking.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(request: Request, descriptors: list[int]) -> None:
    other = descriptors.pop() if request.terminal else os.open(os.devnull, os.O_RDWR)
    if request.terminal:
        os.login_tty(other)  # closes it
    else:
        os.dup2(other, 0)
        os.close(other)
    for number, one in zip(request.piped, descriptors, strict=True):
        os.dup2(one, number)
        os.close(one)
    os.chdir(request.folder)
    if not _FORKS_SAFELY:
        os.execve(sys.executable, [sys.executable, "-m", request.module, *request.arguments], request.environment)
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv[1:] = request.arguments
    sys.path[0] = request.folder
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1])
