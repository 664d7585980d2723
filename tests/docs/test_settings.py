"""The page of settings and `.env.example` tell of every setting, and the same."""

import re
from dataclasses import replace

from tests.docs.pages import PAGES, blocks, codes, read, rows
from tests.docs.sources import Setting
from twilio_rt_cli.settings.groups import FIELDS

PAGE = read("docs/reference/settings.md")


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
    assert [replace(one, option=False) for one in settings_table()] == settings_example()


def test_the_table_of_settings_has_every_setting_and_no_other() -> None:
    assert {one.name for one in settings_table()} == {name.upper() for name in FIELDS}


def test_the_pages_name_no_setting_that_does_not_exist() -> None:
    known = {name.upper() for name in FIELDS}
    examples = "".join(example for page in PAGES for example in blocks("ini", read(page)))
    shown = set(re.findall(r"^([A-Z][A-Z_]+)=", examples, re.M))
    assert {"OPENAI_API_KEY", "RECORD_AUDIO"} <= shown <= known
