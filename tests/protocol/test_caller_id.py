import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_rt_cli.protocol.caller_id import LONGEST, WITHHELD, caller_id, caller_list


@pytest.mark.parametrize(
    ("told", "spelled"),
    [
        ("+14155550100", "+14155550100"),
        ("14155550100", "+14155550100"),
        (" 14155550100", "+14155550100"),  # a `+` in a query that nobody encoded
        ("+1 (415) 555-0100", "+14155550100"),
        ("+49.30.123456", "+4930123456"),
        ("client:Anna", "client:anna"),
        ("sip:Anna@Example.com", "sip:anna@example.com"),
        ("", WITHHELD),
        ("  ", WITHHELD),
        ("Anonymous", WITHHELD),
        ("RESTRICTED", WITHHELD),
        ("+266696687", WITHHELD),  # ANONYMOUS on a telephone's keys
        ("7378742833", WITHHELD),
    ],
)
def test_one_caller_has_one_spelling(told: str, spelled: str) -> None:
    assert caller_id(told) == spelled


def test_a_long_id_is_cut() -> None:
    assert caller_id("client:" + "a" * 10_000) == "client:" + "a" * (LONGEST - 7)
    assert len(caller_id("1" * 10_000)) == LONGEST


@given(st.text())
def test_spelling_twice_changes_nothing(text: str) -> None:
    once = caller_id(text)
    assert 0 < len(once) <= LONGEST
    assert caller_id(once) == once


@pytest.mark.parametrize(
    ("named", "caller", "meant"),
    [
        ("+14155550100", "+14155550100", True),
        ("+14155550100", "+141555501001", False),
        ("+1 415 555 0100, 4930123456", "+4930123456", True),
        ("+1900*", "+19005550100", True),
        ("1900*", "+19005550100", True),
        ("+1 900 *", "+19005550100", True),
        ("+1900*", "+1900", True),
        ("+1900*", "+18005550100", False),
        ("+*", "+18005550100", True),
        ("+*", WITHHELD, False),
        ("anonymous", "Private", True),
        ("Unknown", "", True),
        ("anonymous", "+14155550100", False),
        ("client:*", "client:anna", True),
        ("sip:*", "client:anna", False),
        ("client:Anna", "client:anna", True),
        (" , ,+14155550100, ", "+14155550100", True),
        ("", "+14155550100", False),
        ("", WITHHELD, False),
    ],
)
def test_a_list_names_callers_whole_or_by_their_beginning(named: str, caller: str, meant: bool) -> None:
    assert caller_list(named).names(caller_id(caller)) is meant


@pytest.mark.parametrize(
    "entry", ["*", "anna", "+1*900", "+", "+123", "+012345678", "00*1", "+1234567890123456", "an*", "+14155550100;"]
)
def test_what_names_nobody_is_told(entry: str) -> None:
    with pytest.raises(ValueError, match="must be callers separated by commas") as caught:
        caller_list(f"+14155550199,{entry}")
    assert repr(entry) in str(caught.value)
    assert "14155550199" not in str(caught.value)


def test_a_list_of_nobody_is_empty() -> None:
    assert not caller_list(" , ")
    assert caller_list("anonymous")
    assert caller_list("+*")


@given(st.lists(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), max_size=5))
def test_who_is_named_whole_is_named_and_so_is_every_beginning(numbers: list[str]) -> None:
    whole, beginnings = caller_list(",".join(numbers)), caller_list(",".join(one[:4] + "*" for one in numbers))
    assert all(whole.names(one) and beginnings.names(one) for one in map(caller_id, numbers) if one != WITHHELD)
