"""The tables of the comparisons: what decides, the other metrics, and what was lost."""

from __future__ import annotations

from assay.notation import MISSING, fixed, metric_label
from assay.report.cells import Comparison, first_column, in_points, mean_and_sd, p_value, pair_name
from assay.report.evidence import checks, effects, planning
from assay.report.inputs import Inputs
from assay.report.phrases import adjustment, level
from assay.report.tables import Cell, Column, Table, interval, number, text


def comparison_tables(inputs: Inputs) -> dict[str, Table]:
    """Name → table, of all that have a row."""
    tables = [
        primary(inputs),
        effects(inputs),
        checks(inputs),
        planning(inputs),
        secondary(inputs),
        dropped(inputs),
        worst_case(inputs),
    ]
    return {table.name: table for table in tables if table}


def primary(inputs: Inputs) -> Table:
    """The comparisons that decide; with one baseline, its own row comes first."""
    compared, scale = inputs.compared, inputs.scale
    columns = [
        Column(first_column(inputs), "text"), Column("difference"),
        Column(f"{level(compared)} CI", "interval"), Column("t"),
        *(Column(name) for name, _ in _p_values(inputs)),
        Column("d_z", symbol="d_z"), Column("better on"), Column("verdict", "verdict"),
    ]  # fmt: skip
    tests = [_decided(inputs, test) for test in compared["comparisons"]]
    caption = _between(metric_label(inputs.metric), inputs)
    if not tests or compared["design"] != "baseline":
        return Table("comparisons", caption, columns, tests, _note(inputs))
    columns.insert(1, Column(f"{scale.axis}, mean ± sd"))
    arms = {arm["variant"]: arm for arm in compared["summary"] if arm["metric"] == inputs.metric}
    values = [arms[inputs.baseline], *(arms[test["variant"]] for test in compared["comparisons"])]
    means = [number(mean_and_sd(scale, arm["mean"], arm["sd"]), arm["mean"]) for arm in values]
    empty = [Cell("")] * (len(columns) - 3)
    rows = [[text(inputs.baseline), means[0], *empty, text("baseline")]]
    rows += [[row[0], mean, *row[1:]] for row, mean in zip(tests, means[1:], strict=True)]
    return Table("comparisons", caption, columns, rows, _note(inputs))


def _p_values(inputs: Inputs) -> list[tuple[str, str]]:
    """(name, key) of the p values: over looks where there are any, adjusted where it makes a difference."""
    found = [("p", "p")]
    if inputs.compared["looks"]:
        found.append(("p over looks", "p_sequential"))
    if adjusted := adjustment(inputs.compared):
        found.append((f"p {adjusted}", "p_adjusted"))
    return found


def _decided(inputs: Inputs, test: Comparison) -> list[Cell]:
    alpha, scale = inputs.compared["alpha"], inputs.scale
    ok = test["status"] == "ok"
    return [
        text(pair_name(inputs, test)),
        number(scale.difference(test), test["mean_difference"]),
        interval(scale.interval(test), test["ci_low"], test["ci_high"]),
        number(f"t({test['df']:g}) = {fixed(test['t'])}" if ok else MISSING, test["t"]),
        *(p_value(test[key], alpha) for _, key in _p_values(inputs)),
        number(fixed(test["d_z"]), test["d_z"]),
        Cell(f"{test['wins']} of {test['n']}"),
        text(test["verdict"]),
    ]


def secondary(inputs: Inputs) -> Table:
    """The comparisons on other metrics."""
    alpha = inputs.compared["alpha"]
    columns = [
        Column("metric", "text"), Column(first_column(inputs), "text"), Column("difference"),
        Column(f"{level(inputs.compared)} CI", "interval"), Column("p"), Column("p B–H"),
        Column("verdict", "verdict"),
    ]  # fmt: skip
    rows = []
    for test in inputs.compared["secondary"]:
        scale = inputs.scale_of(test["metric"])
        unit = " points" if scale.is_proportion else ""
        rows.append(
            [
                text(metric_label(test["metric"]), test["metric"]),
                text(pair_name(inputs, test)),
                number(scale.difference(test) + unit, test["mean_difference"]),
                interval(scale.interval(test), test["ci_low"], test["ci_high"]),
                p_value(test["p"], alpha),
                p_value(test["p_adjusted"], alpha),
                text(test["verdict"]),
            ]
        )
    note = "p B–H: adjusted by Benjamini and Hochberg, over all rows. These metrics decide nothing."
    return Table("secondary", _between("other metrics", inputs), columns, rows, note)


def dropped(inputs: Inputs) -> Table:
    """Every seed without a pair, and why."""
    columns = [Column(first_column(inputs), "text"), Column("seed"), Column("reason", "text")]
    rows = [
        [text(pair_name(inputs, test)), text(str(pair["seed"])), text(pair["reason"])]
        for test in inputs.compared["comparisons"]
        for pair in test["dropped"]
    ]
    return Table("dropped", "Seeds without a pair", columns, rows)


def worst_case(inputs: Inputs) -> Table:
    """Each comparison that lost pairs, as it is and as it would be with the worst value in their place."""
    columns = [
        Column(first_column(inputs), "text"), Column("n"), Column("difference"), Column("p"),
        Column("n, worst case"), Column("difference, worst case"),
        Column(f"{level(inputs.compared)} CI, worst case", "interval"), Column("p, worst case"),
    ]  # fmt: skip
    scale, alpha = inputs.scale, inputs.compared["alpha"]
    rows = []
    for test in inputs.compared["comparisons"]:
        if (worst := test["worst_case"]) is not None:
            now, then = (
                [
                    number(str(found["n"]), found["n"]),
                    number(scale.difference(found), found["mean_difference"]),
                    interval(scale.interval(found), found["ci_low"], found["ci_high"]),
                    p_value(found["p"], alpha),
                ]
                for found in (test, worst)
            )
            rows.append([text(pair_name(inputs, test)), *now[:2], now[3], *then])
    note = (
        "Worst case: in place of each value that a variant lost stands the worst that either of the two has, "
        "in place of each that it is compared with lost, the best. p values are not adjusted."
    )
    return Table("worst-case", "If every lost value had been the worst", columns, rows, note)


def _between(what: str, inputs: Inputs) -> str:
    if inputs.compared["design"] == "baseline":
        return f"Differences in {what} from {inputs.baseline}"
    return f"Differences in {what} between all variants"


def _note(inputs: Inputs) -> str:
    compared = inputs.compared
    said = [f"Differences are between runs with the same seed{in_points(inputs.scale)}."]
    if adjustment(compared):
        said.append(
            f"p {adjustment(compared)}: adjusted for all comparisons of this table; intervals are not."
        )
    if compared["looks"]:
        said.append("Intervals and p over looks account for all looks that were declared.")
    said.append("d_z: mean difference / standard deviation of the differences.")
    return " ".join(said)
