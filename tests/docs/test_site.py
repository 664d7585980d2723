"""The website: what it is made of, and that a link which leads nowhere is found."""

from pathlib import Path

from tests.docs.pages import PAGES
from tests.docs.site import dead_links, linked_files


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    links = ("two.html", "two.html#here", "two.html#gone", "gone.html", "#me", "#nobody", "https://example.com", "sub/")
    anchors = " ".join(f'<a href="{link}">' for link in links)
    (tmp_path / "one.html").write_text(f'<h1 id="me">One</h1> {anchors} <img src=gone.svg>')
    (tmp_path / "two.html").write_text("<h2 id=here>Two</h2>")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "index.html").write_text('<a href="../one.html">')
    dead = {"two.html#gone", "gone.html", "#nobody", "gone.svg"}
    assert set(dead_links(tmp_path)) == {f"one.html: {link}" for link in dead}


def test_what_the_pages_lead_to_goes_along() -> None:
    linked = linked_files()
    assert {".env.example", "LICENSE", "docs/live-view.svg", "docs/events.schema.json"} <= linked
    assert not linked & set(PAGES)
