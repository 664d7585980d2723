"""Which call a piece of code works for, so that a log line says so whoever writes it: a tool, a library, a thread.

Code of ours names the call in each line itself. Tasks and threads of a call run in its context, and the log looks there
for what a line leaves out.
"""

from contextvars import Context, ContextVar, copy_context

from twilio_rt_cli.protocol.twilio import CallSid, StreamSid

Sids = tuple[CallSid, StreamSid]

_SIDS: ContextVar[Sids | None] = ContextVar("twilio_rt_call", default=None)


def context_of(call_sid: CallSid, stream_sid: StreamSid) -> Context:
    """The running context, with this call in it: for what runs on its behalf."""
    context = copy_context()
    context.run(_SIDS.set, (call_sid, stream_sid))
    return context


def current_call() -> Sids | None:
    """The call that the running code works for; None: no call of its own."""
    return _SIDS.get()
