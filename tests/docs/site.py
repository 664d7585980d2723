"""Makes a website of the pages, in build/docs/site: `python -m tests.docs.site`, or `make docs`.

The pages lie there as in the repository, together with the files that they link to; then every link is followed once.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from tests.docs.pages import PAGES, ROOT, links

BUILD = ROOT / "build" / "docs"
SITE = BUILD / "site"
STYLE = "docs/site.css"
_LINK = re.compile(r'\b(?:href|src)=(?:"([^"]+)"|([^"\s>]+))')
_ELSEWHERE = re.compile(r"(?:https?|mailto|data|javascript):")


def main() -> None:
    """Build the site; exit code 1 when a link leads nowhere."""
    shutil.rmtree(BUILD, ignore_errors=True)
    shown = {*PAGES, *linked_files(), STYLE}
    for name in shown:
        _copy(ROOT / name, BUILD / "pages" / name)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(ROOT / "mkdocs.yml")]
    subprocess.run(command, cwd=ROOT, check=True)
    for name in shown - set(PAGES):  # generators leave out names that begin with a dot
        if not name.endswith(".md"):
            _copy(ROOT / name, SITE / name)
    dead = sorted(dead_links(SITE))
    print("\n".join([*dead, f"{SITE / 'index.html'}: {len(dead)} dead links"]))  # noqa: T201
    sys.exit(1 if dead else 0)


def linked_files() -> set[str]:
    """The files of the repository that the pages lead to, and that are no pages of theirs."""
    targets = {((ROOT / page).parent / link.partition("#")[0]).resolve() for page in PAGES for link in links(page)}
    return {str(path.relative_to(ROOT)) for path in targets if path.is_file()} - set(PAGES)


def dead_links(site: Path) -> Iterator[str]:
    """Links of a built site that lead nowhere in it."""
    for page in site.rglob("*.html"):
        for url in ("".join(found) for found in _LINK.findall(page.read_text("utf-8"))):
            path, _, anchor = unquote(url).partition("#")
            target = (page.parent / path).resolve() if path else page
            if page.name == "404.html" or _ELSEWHERE.match(url) or (target / "index.html").is_file():
                continue
            if not target.is_file() or (anchor and anchor not in _anchors(target)):
                yield f"{page.relative_to(site)}: {url}"


@cache
def _anchors(page: Path) -> frozenset[str]:
    return frozenset(re.findall(r'\bid="?([^"\s>]+)', page.read_text("utf-8")))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    main()
