"""The shape of the package: who imports whom, what stays pure, how long files are, and where tests lie.

docs/architecture.md says why. Everything is read from the syntax tree, so an import inside a function counts too.
"""

import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "twilio_rt_cli"
SOURCES = sorted((ROOT / PACKAGE).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# A module imports folders of a lower rank, and its own folder. There are no exceptions.
RANKS = {
    "": 0,  # the package itself: its version
    "errors": 0,
    "audio": 1,
    "protocol": 1,
    "call": 2,
    "output": 3,
    "machine": 3,
    "caller": 4,
    "engine": 4,
    "tools": 4,
    "tunnel": 4,
    "twilio_api": 4,
    "bridge": 5,
    "agents": 6,
    "models": 6,
    "server": 6,
    "live": 7,
    "records": 7,
    "reporting": 8,
    "settings": 8,
    "admin": 9,
    "attach": 9,
    "history": 10,
    "numbers": 10,
    "serve": 11,
    "call_test": 12,
    "doctor": 12,
    "init": 13,
    "cli": 14,
    "__main__": 15,
}
# No clock, chance, task, socket or log; a pure module imports pure ones alone, and errors.
PURE = {
    *("audio", "protocol", "call", "engine.session"),
    *(
        "caller.behaviour",
        "caller.events",
        "caller.figures",
        "caller.line",
        "caller.loudness",
        "caller.phone",
        "caller.playout",
        "caller.report",
        "caller.route",
        "caller.script",
        "caller.wording",
    ),
}
PURE_THIRD_PARTY = {"msgspec", "numpy"}
# Clocks, chance, scheduling and side effects: what would make the core depend on more than its arguments.
IMPURE = {
    *("asyncio", "concurrent", "logging", "multiprocessing", "random", "secrets", "select", "selectors", "signal"),
    *("socket", "ssl", "subprocess", "threading", "time", "urllib.request", "http"),
}

MAX_LINES = 400
MAX_MODULES = 25  # of one folder, its __init__.py among them
# Tests of several modules together, which mirror no single one.
FREE_TEST_FOLDERS = {"acceptance", "bench", "docs", "e2e", "nursery", "soak", "twilio_rest", "wire"}
FREE_TESTS = {
    *("test_architecture.py", "test_container.py", "test_event_schema.py", "test_monitoring.py"),
}


def module_name(path: Path) -> str:
    """The dotted name below the package: "call.playout", and "call" for call/__init__.py."""
    parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCES}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def rank(module: str) -> int | None:
    return RANKS.get(module.partition(".")[0])


def is_pure(module: str) -> bool:
    parts = module.split(".")
    return any(".".join(parts[:end]) in PURE for end in range(1, len(parts) + 1))


def folder(module: str) -> str:
    """The package that a module lies in; a package lies in itself."""
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


@cache
def imported_names(path: Path) -> tuple[tuple[str, str | None, int], ...]:
    """Every import: the absolute module, the name taken from it if any, and the line."""
    return tuple(_imported_names(path))


def _imported_names(path: Path) -> Iterator[tuple[str, str | None, int]]:
    own = f"{PACKAGE}.{folder(module_name(path))}".rstrip(".") if path in SOURCES else ""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, None, node.lineno) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = own.rsplit(".", level - 1)[0] if level else ""
                absolute = ".".join(part for part in (base, module) if part)
                yield from ((absolute, alias.name, node.lineno) for alias in names)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                yield name, None, node.lineno


def imports_of_ours(path: Path) -> Iterator[tuple[str, int]]:
    """The modules of the package that this file imports, with the line."""
    for module, name, line in imported_names(path):
        if module == PACKAGE or module.startswith(PACKAGE + "."):
            below = module.removeprefix(PACKAGE).removeprefix(".")
            inner = ".".join(part for part in (below, name) if part)
            yield inner if inner in MODULES else below, line


def imports_of_others(path: Path) -> Iterator[tuple[str, int]]:
    """The modules outside the package that this file imports, with the line."""
    for module, name, line in imported_names(path):
        if module != PACKAGE and not module.startswith(PACKAGE + "."):
            yield module, line
            if name:
                yield f"{module}.{name}", line


def may_import(importer: str, imported: str) -> bool:
    """Downwards, or within the folder."""
    above, below = rank(importer), rank(imported)
    if above is None or below is None or below > above:
        return False
    return below < above or importer.partition(".")[0] == imported.partition(".")[0]


def arrows() -> dict[str, set[str]]:
    """Who imports whom, module by module."""
    return {name: {imported for imported, _ in imports_of_ours(path)} - {name} for name, path in MODULES.items()}


def outermost(module: str) -> str:
    """The folder that stands first in a module's name, with all that is below it."""
    return module.partition(".")[0]


def innermost(module: str) -> str:
    """The folder that a module lies in, without those below it; a loose module is its own."""
    return folder(module) or module


def arrows_of_folders(of: Callable[[str], str]) -> dict[str, set[str]]:
    """Who imports whom, folder by folder."""
    found: dict[str, set[str]] = {}
    for name, imported in arrows().items():
        found.setdefault(of(name), set()).update({of(one) for one in imported} - {of(name)})
    return found


def circle(arrows: Mapping[str, set[str]]) -> str | None:
    """A way along the arrows that ends where it began, like "a → b → a"; None when there is none."""
    clear: set[str] = set()

    def found_from(name: str, way: list[str]) -> str | None:
        if name in way:
            return " → ".join([*way[way.index(name) :], name])
        if name in clear:
            return None
        for other in sorted(arrows.get(name, ())):
            if (found := found_from(other, [*way, name])) is not None:
                return found
        clear.add(name)
        return None

    return next((found for name in sorted(arrows) if (found := found_from(name, [])) is not None), None)


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def pure_paths() -> list[Path]:
    return [path for name, path in MODULES.items() if is_pure(name)]


def test_every_module_has_a_rank() -> None:
    assert [name for name in MODULES if rank(name) is None] == [], "give it a rank in RANKS and in docs/architecture.md"


def test_every_rank_has_a_module() -> None:
    assert [name for name in RANKS if name not in MODULES] == []


def test_imports_go_downwards_or_to_a_sibling() -> None:
    upward = [
        f"{where(path, line)}: {name} imports {imported}"
        for name, path in MODULES.items()
        for imported, line in imports_of_ours(path)
        if imported != name and not may_import(name, imported)
    ]
    assert upward == [], "pass a value or a callable instead"


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(arrows()) is None, "move what both need below them, or pass it down"


@pytest.mark.parametrize("of", [outermost, innermost])
def test_no_folders_import_each_other_in_a_circle(of: Callable[[str], str]) -> None:
    assert circle(arrows_of_folders(of)) is None, "move what both need below them, or pass it down"


@pytest.mark.parametrize(
    ("drawn", "found"),
    [
        ({}, None),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, None),
        ({"a": {"b"}, "b": {"a"}}, "a → b → a"),
        ({"a": {"a"}}, "a → a"),
        ({"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b", "e"}}, "b → c → d → b"),
    ],
)
def test_a_circle_is_found_and_told(drawn: dict[str, set[str]], found: str | None) -> None:
    assert circle(drawn) == found


def test_arrows_are_drawn_from_every_module_to_what_it_imports() -> None:
    assert "cli.app" in arrows()["__main__"]
    assert "live.terminal" in arrows()["cli.top"], "it is imported inside a function"
    assert "settings" in arrows_of_folders(outermost)["cli"]
    assert "cli" not in arrows_of_folders(outermost)["cli"]
    assert "server.admission" in arrows_of_folders(innermost)["server"]


def test_what_is_pure_imports_nothing_else() -> None:
    impure = [
        f"{where(path, line)}: {imported}"
        for path in pure_paths()
        for imported, line in imports_of_ours(path)
        if not is_pure(imported) and imported not in ("", "errors")
    ]
    assert impure == []


def test_nobody_imports_cli() -> None:
    guests = [
        where(path, line)
        for name, path in MODULES.items()
        for imported, line in imports_of_ours(path)
        if imported.partition(".")[0] == "cli" and name.partition(".")[0] not in ("cli", "__main__")
    ]
    assert guests == []


def test_the_core_is_pure() -> None:
    impure = [
        f"{where(path, line)}: {module}"
        for path in pure_paths()
        for module, line in imports_of_others(path)
        if module in IMPURE or module.partition(".")[0] in IMPURE
    ]
    assert impure == []


def test_the_core_needs_no_more_than_the_standard_library_msgspec_and_numpy() -> None:
    foreign = [
        f"{where(path, line)}: {module}"
        for path in pure_paths()
        for module, line in imports_of_others(path)
        if module.partition(".")[0] not in {*sys.stdlib_module_names, *PURE_THIRD_PARTY}
    ]
    assert foreign == []


def test_the_core_reads_no_clock_through_datetime() -> None:
    clocks = [
        where(path, node.lineno)
        for path in pure_paths()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
        if isinstance(node.value, ast.Name | ast.Attribute) and ast.unparse(node.value).endswith(("datetime", "date"))
    ]
    assert clocks == []


def test_every_module_says_first_what_it_is_for() -> None:
    silent = [str(path.relative_to(ROOT)) for path in SOURCES if tree(path).body and not ast.get_docstring(tree(path))]
    assert silent == []


def test_no_source_file_is_too_long() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}, "find the second noun"


def test_no_folder_is_too_full() -> None:
    modules = Counter(folder(name) for name in MODULES)
    assert {name: count for name, count in modules.items() if count > MAX_MODULES} == {}, "find the second room"


def test_every_test_file_mirrors_a_source_file() -> None:
    stray = []
    for path in TESTS:
        below = path.relative_to(ROOT / "tests")
        if below.name in FREE_TESTS or not below.name.startswith("test_") or below.parts[0] in FREE_TEST_FOLDERS:
            continue
        source = ROOT / PACKAGE / below.parent / below.name.removeprefix("test_")
        if not source.is_file():
            stray.append(str(below))
    assert stray == []


def test_nothing_is_patched() -> None:
    patched = [
        where(path, line)
        for path in TESTS
        if "mock" in path.read_text("utf-8")  # to parse them all takes seconds
        for module, line in imports_of_others(path)
        if module.partition(".")[0] in ("mock", "pytest_mock") or module.startswith("unittest.mock")
    ]
    assert patched == [], "if a test needs it, the seam is missing"


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("call.call", "call.playout", True),
        ("call.call", "protocol.twiml", True),
        ("protocol.twiml", "errors", True),
        ("protocol.twiml", "call.call", False),
        ("engine.session.session", "caller.phone", False),
        ("bridge.bridge", "tools.runner", True),
        ("tools.runner", "bridge.leg", False),
        ("models.openai", "bridge.leg", True),
        ("bridge.leg", "models.openai", False),
        ("models.openai", "server.run", False),
        ("live.model", "server.admission.notices", True),
        ("server.run", "live.model", False),
        ("serve.start", "doctor.checks", False),
        ("cli.serve", "settings.groups", True),
        ("bridge.bridge", "nobody", False),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    assert may_import(importer, imported) is allowed


def test_lazy_relative_and_dynamic_imports_are_seen(tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.py"
    stranger.write_text(
        "import importlib\ndef f():\n    import twilio_rt_cli.tools\n    from twilio_rt_cli import bridge\n"
        "    from twilio_rt_cli.errors import TwilioRtError\n    importlib.import_module('twilio_rt_cli.cli')\n"
        "if TYPE_CHECKING:\n    from twilio_rt_cli.call.call import Call\n"
    )
    assert sorted(imports_of_ours(stranger), key=lambda found: found[1]) == [
        *(("tools", 3), ("bridge", 4), ("errors", 5), ("cli", 6), ("call.call", 8)),
    ]
    assert list(imports_of_others(stranger)) == [("importlib", 1)]
