"""Each table is written once, in the code, and stands on its page as it would be written now."""

import re

import pytest

from tests.docs.pages import PAGES, read
from tests.docs.tables import TABLES, marked, written


@pytest.mark.parametrize("name", [*PAGES, ".env.example"])
def test_writing_the_tables_again_changes_nothing(name: str) -> None:
    assert read(name) == written()[name], "python -m tests.docs.tables"


def test_every_table_stands_on_one_page() -> None:
    placed = [name for page in PAGES for name in marked(read(page))]
    assert sorted(placed) == sorted(TABLES)


def test_every_mark_is_one_that_is_read() -> None:
    for page in PAGES:
        begun = re.findall(r"^<!-- table: ([\w -]+) -->$", read(page), re.M)
        assert begun == marked(read(page)), page
        assert read(page).count("<!-- end -->") == len(begun), page
