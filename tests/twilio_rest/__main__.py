"""The stand-in as a process, for trials in a terminal: `python -m tests.twilio_rest --port 0 --number +14155550100`.

Prints one JSON line (port, url, account_sid, auth_token), then serves until stdin ends. Every line there is an order:

    ring +14155550100 [+1415…]     somebody dials the number; prints how it went
    number +14155550100            prints what the number does
    fault status=503 | drops=1 | silent=1 | code=20429 | none
"""

import argparse
import json
import sys
from dataclasses import asdict

from tests.twilio_rest.account import Account
from tests.twilio_rest.network import NotRung
from tests.twilio_rest.server import Faults, TwilioRest, twilio_rest


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.twilio_rest")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--number", action="append", default=[], help="may be given several times")
    parser.add_argument("--account-sid", default="AC" + "0a" * 16)
    parser.add_argument("--auth-token", default="0b" * 16)
    parser.add_argument(
        "--way", action="append", default=[], metavar="ORIGIN=LOCAL", help="a public name that leads here"
    )
    given = parser.parse_args()
    account = Account(given.account_sid, given.auth_token)
    with twilio_rest(given.number or ["+14155550100"], account=account, port=given.port) as rest:
        for way in given.way:
            origin, _, local = way.partition("=")
            rest.network.ways[origin] = local
        _say(
            port=int(rest.url.rpartition(":")[2]), url=rest.url, account_sid=account.sid, auth_token=account.auth_token
        )
        for line in sys.stdin:
            _obey(rest, line.split())


def _obey(rest: TwilioRest, words: list[str]) -> None:
    match words:
        case ["ring", number, *callers]:
            caller = callers[0] if callers else "+14155550142"
            try:
                report = rest.ring(number, caller)
            except NotRung as error:
                _say(rung=False, why=str(error))
            else:
                _say(rung=True, ended=report.ended, failures=report.failures, executed=report.executed)
        case ["number", number]:
            _say(**asdict(rest.account.number(number)))
        case ["fault", what]:
            rest.faults = Faults()
            name, _, value = what.partition("=")
            if value:
                setattr(rest.faults, name, int(value))
            _say(faults=asdict(rest.faults))
        case []:
            pass
        case _:
            _say(error=f"no such order: {' '.join(words)}")


def _say(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
