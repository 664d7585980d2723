"""A stand-in for Twilio's REST API, and for the telephone network behind it, on loopback. The real SDK drives it.

    with twilio_rest(numbers=["+14155550100"]) as rest:      # a thread of its own; tests stay synchronous
        TwilioApi(Account(account_sid=rest.account.sid, auth_token=rest.account.auth_token, api_url=rest.url))
        rest.faults.status = 503                             # what it should do wrong
        report = rest.ring("+14155550100")                   # a simulated caller rings the number's webhook

As a process: `python -m tests.twilio_rest --port 0` (see `__main__`). Parts: `account` holds the data, `routes`
answers, `refusals` are Twilio's error bodies, `web` is the HTTP under it, `network` lets calls happen, and `server`
joins them.
"""

from tests.twilio_rest.account import Account, Number
from tests.twilio_rest.network import Callee
from tests.twilio_rest.server import TwilioRest, twilio_rest

__all__ = ["Account", "Callee", "Number", "TwilioRest", "twilio_rest"]
