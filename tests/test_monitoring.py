"""The Grafana dashboard and the page of metrics know exactly the metrics there are."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.docs.pages import codes, read, rows
from tests.docs.sources import exposition
from twilio_rt_cli.call.figures.end_reason import EndReason

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "docs" / "grafana-dashboard.json").read_text("utf-8")
)
NAME = re.compile(r"\b(?:twilio_rt|process)_[a-z0-9_]+")
SELECTED = 'job=~"$job", instance=~"$instance"'
EXTRA = {"twilio_rt_build_info"}
"""told beyond the table of metrics: it is explained beside it"""


@cache
def samples() -> dict[str, set[str]]:
    """Sample name → its labels, of all that `/metrics` can tell."""
    told: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(exposition()):
        for one in family.samples:
            told.setdefault(one.name, set()).update(one.labels)
    return told


def family(sample: str) -> str:
    return re.sub(r"_(bucket|sum|count)$", "", sample)


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


# The dashboard


def test_every_metric_on_the_dashboard_exists() -> None:
    asked = {name for expression in expressions() for name in NAME.findall(expression)}
    assert asked - samples().keys() == set()


def test_every_metric_is_on_the_dashboard() -> None:
    drawn = {family(name) for expression in expressions() for name in NAME.findall(expression)}
    undrawn = {family(name) for name in samples() if name.startswith("twilio_rt_")} - drawn
    assert undrawn == set(), "docs/grafana-dashboard.json: a panel, or one more of the targets of a panel"


def test_every_label_that_is_asked_for_exists() -> None:
    for panel in panels():
        for target in panel["targets"]:
            known = {"job", "instance"}.union(*(samples()[name] for name in NAME.findall(target["expr"])))
            grouped = [label for one in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in one.split(", ")]
            assert {*grouped, *re.findall(r"{{(\w+)}}", target["legendFormat"])} <= known, target


def test_every_expression_is_of_the_chosen_servers() -> None:
    for expression in expressions():
        for selector in re.findall(r"(?:twilio_rt|process)_\w+(.?[^}]*)", expression):
            assert selector.startswith("{" + SELECTED), expression
        assert expression.count("(") == expression.count(")")


def test_quantiles_are_of_histograms_by_bucket() -> None:
    for expression in expressions():
        if "_bucket" in expression:
            assert re.match(r"histogram_quantile\(0\.\d+, sum by \(le(, \w+)?\) \(rate\(", expression), expression
    told = {family(name) for one in expressions() for name in NAME.findall(one) if name.endswith("_bucket")}
    assert told == {family(name) for name in samples() if name.endswith("_bucket")}


def test_the_data_source_is_chosen_and_not_named() -> None:
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    sources = [one["datasource"] for panel in panels() for one in (panel, *panel["targets"])]
    assert sources
    assert all(one == {"type": "prometheus", "uid": "${datasource}"} for one in sources)
    for name in ("job", "instance"):
        assert {*NAME.findall(variables[name]["query"])} <= samples().keys()


def test_panels_lie_side_by_side_and_have_names_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_a_failed_call_is_what_the_code_calls_so() -> None:
    (in_order,) = {found for one in expressions() for found in re.findall(r'reason!~"([a-z_|]+)"', one)}
    counted = {reason for reason in EndReason if reason is not EndReason.PROBE}
    assert set(in_order.split("|")) == {reason.value for reason in counted if not reason.failed}


# The page of metrics


def test_the_table_of_metrics_is_what_is_told() -> None:
    told = {family(name): labels - {"le"} for name, labels in samples().items() if name.startswith("twilio_rt_")}
    table = {}
    for name, *_ in rows(read("docs/reference/metrics.md")):
        found = re.fullmatch(r"(\w+)(?:\{([\w,]+)\})?", codes(name)[0])
        assert found, name
        table["twilio_rt_" + found[1]] = set(found[2].split(",")) if found[2] else set()
    wanted = {name: labels for name, labels in told.items() if name not in EXTRA}
    assert table == wanted, "python -m tests.docs.tables"
