"""Tool outputs as sentences."""

import pytest

from twilio_rt_cli.engine.brain.rules.output_sentences import output_sentence


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("Sunny, 21 degrees", "Sunny, 21 degrees."),
        ("**Done**\nand _dusted_", "Done and dusted."),
        ("", "That is done."),
        ("null", "That is done."),
        ("true", "That is done."),
        ("false", "I'm sorry, that did not work."),
        ("[]", "I found nothing."),
        ("42", "42."),
        ('"2026-11-24"', "Tuesday, November 24th."),
        ('["09:00","13:30"]', "I found 9 a.m. and 1:30 p.m."),
        ('{"message":"all good"}', "All good."),
        ('{"answer":"Yes, noon is free.","free":true}', "Yes, noon is free."),
        ('{"error":"city not found"}', "I'm sorry, that did not work. City not found."),
        ('{"error":{"message":"time-out"}}', "I'm sorry, that did not work. Time-out."),
        ('{"error":true}', "I'm sorry, that did not work."),
        (
            '{"available":true,"date":"2026-11-24","time":"15:00"}',
            "Yes, Tuesday, November 24th at 3 p.m. is free.",
        ),
        (
            '{"available":false,"date":"2026-11-24","time":"15:00","alternatives":["09:00","16:00"]}',
            "I'm sorry, Tuesday, November 24th at 3 p.m. is not free. Alternatives are 9 a.m. and 4 p.m.",
        ),
        (
            '{"date":"2026-11-24","free_times":["09:00"]}',
            "The free times on Tuesday, November 24th is 9 a.m.",
        ),
        ('{"slots":[]}', "There are no slots."),
        (
            '{"status":"in_transit","eta":"2026-11-30T09:00:00"}',
            "The status is in transit. The eta is Monday, November 30th at 9 a.m.",
        ),
        ('{"price":45.0,"in_stock":true,"customer_id":"x"}', "The price is 45. In stock: yes."),
        ('{"result":{"total":3}}', "The total is 3."),
        ('{"ok":true}', "That is done."),
        ("[1,2,3,4,5,6,7,8]", "I found 1, 2, 3, 4, 5, 6 and 2 more."),
    ],
)
def test_outputs_are_said_as_sentences(output: str, said: str) -> None:
    assert output_sentence(output) == said
