"""The front page: two commands first, short, and every command in its table."""

import os
import re

from tests.docs.pages import KINDS, PAGES, ROOT, codes, read, rows, section
from tests.docs.sources import commands
from twilio_rt_cli import __version__

README = read("README.md")
OFFLINE_CALL, TESTS = "pip install -e '.[local]' && twilio-rt call-test", "pip install -e '.[local,test]' && pytest"


def test_the_readme_opens_with_one_line_and_the_two_commands() -> None:
    title, _, line, _, fence, first, second, end, *_ = README.splitlines()
    assert title == "# twilio-rt"
    assert line.endswith(".")
    assert (fence, end) == ("```sh", "```")
    assert [re.sub(r"\s+#.*", "", command) for command in (first, second)] == [OFFLINE_CALL, TESTS]


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 250, "the rest belongs on a page of docs/"


def test_every_command_is_in_the_readme_and_leads_to_its_section() -> None:
    table = {codes(name)[0]: name for name, _ in rows(section("Commands", README))}
    assert table.keys() == commands().keys()
    for name, cell in table.items():
        assert f"(docs/reference/commands.md#twilio-rt-{name})" in cell


def test_the_readme_shows_the_live_view() -> None:
    assert re.search(r"!\[[^]]+\]\(docs/live-view\.svg\)", README)


def test_the_readme_names_pages_of_every_kind() -> None:
    told = section("Documentation", README)
    for kind in KINDS:
        assert f"(docs/{kind}/" in told, kind
    assert "(docs/index.md)" in told


def test_ci_runs_the_two_commands_make_check_and_the_acceptance_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    ran = [line for line in script.read_text().splitlines() if line.startswith('run "')]
    for command in (OFFLINE_CALL, TESTS, "make check", "make acceptance"):
        assert any(command in line for line in ran), command
    assert "\ncheck: lint test " in read("Makefile")
    assert re.search(r"^test:.*\n\t\$\(PYTHON\) -m pytest\n", read("Makefile"), re.M)


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
    named = {name for page in (*PAGES, ".ci/run") for name in re.findall(r"[`\"\n]make ([a-z]+)", read(page))}
    assert {"check", "acceptance"} <= named <= targets


def test_the_changelog_has_this_version() -> None:
    assert re.search(rf"^## .*\b{re.escape(__version__)}\b", read("CHANGELOG.md"), re.M)
