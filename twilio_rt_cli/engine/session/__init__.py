"""One client's Realtime session as a pure machine: client events in, orders out.

    orders = session.receive('{"type":"response.create"}', now)     # Send(…), Think(…), Speak(…)
    orders = session.report(Spoken(response_id, audio), now)        # Send(response.output_audio.delta)

`session.Session` dispatches; `input_audio` holds what the caller says, `responses` those in progress, `response` the
order of one's events, `item_list` the items, `config` the settings, `client_events` and `server_events` the wire.
"""

from twilio_rt_cli.engine.session.session import Session

__all__ = ["Session"]
