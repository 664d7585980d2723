"""Pages are found, say first what they are for, and lead somewhere."""

import re
from urllib.parse import unquote

import pytest

from tests.docs.pages import DOCS, KINDS, PAGES, ROOT, headings, links, read, slug

INDEX = "docs/index.md"
OUTSIDE = ("docs/architecture.md", "docs/runbook.md", INDEX)
"""pages that lie where others look for them, and not in the folder of their kind"""


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    for target in links(page):
        path, _, anchor = unquote(target).partition("#")
        linked = (ROOT / page).parent / path if path else ROOT / page
        assert linked.exists(), target
        if anchor:
            assert anchor in map(slug, headings(linked.read_text("utf-8"))), target


def test_the_index_leads_to_every_page() -> None:
    led = {(ROOT / INDEX).parent.joinpath(link.partition("#")[0]).resolve() for link in links(INDEX)}
    assert [page for page in DOCS if page != INDEX and (ROOT / page).resolve() not in led] == []


def test_the_site_shows_every_page_once() -> None:
    shown = re.findall(r"([\w/-]+\.md)$", read("mkdocs.yml"), re.M)
    assert sorted(shown) == sorted(PAGES)


def test_the_site_loads_nothing_from_elsewhere() -> None:
    config = read("mkdocs.yml")
    assert "font: false" in config
    assert "://" not in config


def test_every_page_lies_in_the_folder_of_its_kind() -> None:
    assert [page for page in DOCS if page not in OUTSIDE and page.split("/")[1] not in KINDS] == []


@pytest.mark.parametrize("page", DOCS)
def test_a_page_opens_with_a_title_and_one_sentence(page: str) -> None:
    title, gap, first, *_ = read(page).splitlines()
    assert re.match(r"# \w", title)
    assert gap == ""
    paragraph = read(page).split("\n\n")[1].replace("\n", " ")
    assert re.match(r"(\*\*)?[A-Z]", first)
    assert paragraph.removesuffix("**").endswith((".", ":")), paragraph
    assert not re.search(r"[.!?] [A-Z]", paragraph), "one sentence: what the reader can do afterwards"


@pytest.mark.parametrize("page", DOCS)
def test_no_two_headings_of_a_page_have_the_same_anchor(page: str) -> None:
    anchors = [slug(heading) for heading in headings(read(page))]
    assert len(anchors) == len(set(anchors))
