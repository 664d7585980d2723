"""docs/architecture.md is true: its ranks are those that are enforced, its folders and paths exist."""

import re

from tests.docs.pages import ROOT, codes, read, rows, section
from tests.test_architecture import MODULES, RANKS

PAGE = read("docs/architecture.md")
PACKAGE = ROOT / "twilio_rt_cli"


def test_the_ranks_in_the_architecture_are_those_that_are_enforced() -> None:
    told = {name: int(rank) for rank, names in rows(section("Who may import whom", PAGE)) for name in codes(names)}
    assert told == {name: rank for name, rank in RANKS.items() if name}


def test_the_map_of_folders_has_every_part_of_the_package() -> None:
    told = {codes(path)[0].rstrip("/").removesuffix(".py") for path, _ in rows(section("Folders", PAGE))}
    parts = {name.partition(".")[0] for name in MODULES} - {"", "__main__"}
    assert told == parts


def test_every_path_in_the_architecture_exists() -> None:
    everywhere = {path.name for path in PACKAGE.rglob("*.py")}
    missing = [
        name
        for name in codes(PAGE)
        if re.fullmatch(r"[\w/]+(\.py|/)", name) and not (ROOT / name).exists() and not (PACKAGE / name).exists()
        if name not in everywhere
    ]
    assert missing == []
