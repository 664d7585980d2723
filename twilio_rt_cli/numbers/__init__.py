"""Pointing a phone number's voice webhook at us, and putting back what was there.

`plan` says what would change, `journal` writes it down before it is made, `change` makes it and takes it back.
"""

from twilio_rt_cli.numbers.change import NumberPointer, Outcome, Restored
from twilio_rt_cli.numbers.journal import Journal, JournalEntry
from twilio_rt_cli.numbers.plan import Change, plan, webhook_url

__all__ = ["Change", "Journal", "JournalEntry", "NumberPointer", "Outcome", "Restored", "plan", "webhook_url"]
