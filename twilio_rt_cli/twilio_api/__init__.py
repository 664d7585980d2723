"""The account at Twilio by its REST API: what we ask and change there, and every refusal in words. Blocking.

`TwilioApi` wraps the twilio SDK, which is imported when the first one is made: it costs 160 ms.
"""

from twilio_rt_cli.twilio_api.account import Account
from twilio_rt_cli.twilio_api.api import TwilioApi
from twilio_rt_cli.twilio_api.records import AccountInfo, Number, PlacedCall, VoiceConfig
from twilio_rt_cli.twilio_api.refusals import NoSuchNumberError

__all__ = ["Account", "AccountInfo", "NoSuchNumberError", "Number", "PlacedCall", "TwilioApi", "VoiceConfig"]
