"""The page of settings and `.env.example` tell of every setting, and the same."""

import re
from dataclasses import replace

from tests.docs.pages import PAGES, blocks, codes, prose, read, rows
from tests.docs.sources import Setting
from twilio_rt_cli.settings.groups import FIELDS

PAGE = read("docs/reference/settings.md")


def known() -> set[str]:
    return {name.upper() for name in FIELDS}


def settings_table() -> list[Setting]:
    found = []
    for name, default, meaning in rows(PAGE):
        plain = meaning.replace("`", "")
        found.append(Setting(codes(name)[0], (codes(default) or [""])[0], plain, "⚑" in name))
    return found


def settings_example() -> list[Setting]:
    found = []
    for block in read(".env.example").split("\n\n"):
        *comments, last = block.strip().splitlines()
        setting = re.fullmatch(r"# ([A-Z_]+)=(.*)", last)
        if setting:
            meaning = " ".join(line.removeprefix("# ") for line in comments)
            found.append(Setting(setting[1], setting[2].strip('"'), meaning))
    return found


def test_the_table_of_settings_says_what_the_example_says() -> None:
    told = [replace(one, option=False) for one in settings_table()]
    assert told == settings_example(), "python -m tests.docs.tables"


def test_the_table_of_settings_has_every_setting_and_no_other() -> None:
    assert {one.name for one in settings_table()} == known(), "python -m tests.docs.tables"


OTHERS = {"ADMIN_URL", "NO_COLOR", "XDG_STATE_HOME"}
"""an argument of `top`, and variables of the environment that belong to others"""


def test_every_name_in_capitals_is_a_setting() -> None:
    for page in PAGES:
        told = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", prose(read(page))))
        assert told - known() <= OTHERS, page


def test_the_pages_name_no_setting_that_does_not_exist() -> None:
    examples = "".join(example for page in PAGES for example in blocks("ini", read(page)))
    shown = set(re.findall(r"^([A-Z][A-Z_]+)=", examples, re.M))
    assert {"OPENAI_API_KEY", "RECORD_AUDIO"} <= shown <= known()
