"""The tables of the variants: what each reached, on every metric and in every class, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.notation import MISSING, Scale, metric_label, significant
from assay.report.cells import mean_and_sd
from assay.report.classes import Parts, class_results
from assay.report.costs import Cost, costs
from assay.report.inputs import Inputs
from assay.report.phrases import level
from assay.report.tables import Cell, Column, Table, interval, number, text
from assay.words import duration_text, size_text


def arms(inputs: Inputs) -> Table:
    """Each variant's values of the metric that decides."""
    scale = inputs.scale
    found = [arm for arm in inputs.compared["summary"] if arm["metric"] == inputs.metric]
    extremes = {row["variant"]: row for row in inputs.summary if row["metric"] == inputs.metric}
    iqm = f"IQM {level(inputs.compared)} CI"
    columns = [
        Column("variant", "text"), Column("n"), Column("failed"), Column("mean"), Column("sd"),
        Column("minimum"), Column("maximum"), Column("IQM"), Column(iqm, "interval"),
    ]  # fmt: skip
    rows = []
    for arm in found:
        row: Mapping[Any, Any] = extremes.get(arm["variant"], {})
        ends = (
            ""
            if arm["iqm_low"] is None
            else f"[{scale.number(arm['iqm_low'])}, {scale.number(arm['iqm_high'])}]"
        )
        rows.append(
            [
                text(arm["variant"]),
                number(str(arm["n"]), arm["n"]),
                number(str(arm["failed"]), arm["failed"]),
                *(_value(scale, arm[key]) for key in ("mean", "sd")),
                *(_value(scale, row.get(key)) for key in ("minimum", "maximum")),
                _value(scale, arm["iqm"]),
                interval(ends or MISSING, arm["iqm_low"], arm["iqm_high"]),
            ]
        )
    note = ""
    if any(arm["iqm"] is not None for arm in found):
        note = (
            "IQM: interquartile mean, the mean of the middle half; its interval by bootstrap, "
            "over 10 seeds or more."
        )
    else:
        columns, rows = columns[:-2], [row[:-2] for row in rows]
    unit = ", in percent" if scale.is_proportion else ""
    return Table(
        "variants", f"{_capital(metric_label(inputs.metric))} of each variant{unit}", columns, rows, note
    )


def metrics(inputs: Inputs) -> Table:
    """Mean ± sd of every metric: a row a metric, the variants beside each other."""
    found = {(row["variant"], row["metric"]): row for row in inputs.summary}

    def cell(metric: str, name: str) -> Cell:
        row = found.get((name, metric), {"mean": None, "sd": None})
        return number(mean_and_sd(inputs.scale_of(metric), row["mean"], row["sd"]), row["mean"])

    columns = [Column("metric", "text"), *(Column(name) for name in inputs.names)]
    rows = [
        [text(inputs.scale_of(metric).axis, metric), *(cell(metric, name) for name in inputs.names)]
        for metric in inputs.metrics
    ]
    return Table("metrics", "All metrics, mean ± sd over seeds", columns, rows, shared=1)


def by_class(inputs: Inputs) -> list[Table]:
    """A table a measure, of precision, recall and F1: a row a class, the variants beside each other."""
    results = class_results(inputs)
    if not results or any(result.classes != results[0].classes for result in results):
        return []
    return [_of_parts(measure, results) for measure in results[0].means]


def _of_parts(measure: str, results: Sequence[Parts]) -> Table:
    first = results[0]
    scale = Scale.by_name(measure, [value for result in results for value in result.means[measure]])
    columns = [Column(first.kind, "text"), *(Column(result.variant) for result in results)]
    rows = [
        [text(label), *(_part(scale, result, measure, place) for result in results)]
        for place, label in enumerate(first.classes)
    ]
    if first.samples:
        columns.insert(1, Column("samples"))
        for row, size in zip(rows, first.samples, strict=True):
            row.insert(1, number(f"{size:,.1f}".removesuffix(".0"), size))
    unit = ", in percent" if scale.is_proportion else ""
    caption = f"{_capital(metric_label(measure))} of each {first.kind}, mean ± sd over seeds{unit}"
    return Table(f"{first.kind}-{measure}", caption, columns, rows, shared=2 if first.samples else 1)


def _part(scale: Scale, result: Parts, measure: str, place: int) -> Cell:
    mean = result.means[measure][place]
    return number(mean_and_sd(scale, mean, result.deviations[measure][place]), mean)


def cost(inputs: Inputs) -> Table:
    """What a run of each variant cost."""
    columns = [
        Column("variant", "text"), Column("training time of a run"), Column("epochs"),
        Column("samples / s"), Column("parameters"), Column("peak memory"), Column("device", "text"),
        Column("n"),
    ]  # fmt: skip
    note = (
        "Means over runs (± sd), as measured while they were trained, on whatever machine that was and "
        "whatever else it was doing: these numbers are in no run's digest, and another machine gives others. "
        "Time includes validation; samples a second are of training alone."
    )
    rows = [_cost(row) for row in costs(inputs)]
    return Table("cost", "What a run costs", columns, rows, note)


def _cost(row: Cost) -> list[Cell]:
    memory = row.peak_memory
    return [
        text(row.variant),
        number(seconds_and_sd(row.seconds, row.seconds_deviation), row.seconds),
        number(significant(row.epochs).rstrip("0").rstrip(".") if row.epochs else MISSING, row.epochs),
        number(
            MISSING if row.samples_per_second is None else f"{row.samples_per_second:,.0f}",
            row.samples_per_second,
        ),
        number(MISSING if row.parameters is None else f"{row.parameters:,}", row.parameters),
        number(MISSING if memory is None else size_text(memory * 1e6), memory),
        text(", ".join(row.devices)),
        number(str(row.n), row.n),
    ]


def seconds_text(seconds: float | None) -> str:
    """A time: `0.160 s`, `12.3 s`, `3 min`."""
    if seconds is None:
        return MISSING
    return duration_text(seconds) if seconds >= 90 else f"{significant(seconds)} s"


def seconds_and_sd(seconds: float | None, deviation: float | None) -> str:
    """A mean time and its spread in one unit: `12.3 ± 0.4 s`."""
    if seconds is None or deviation is None:
        return seconds_text(seconds)
    unit, divisor = ("s", 1) if seconds < 90 else ("min", 60) if seconds < 5400 else ("h", 3600)
    decimals = max(0, 2 - len(str(int(seconds / divisor)))) if seconds >= divisor else 2
    return f"{seconds / divisor:.{decimals}f} ± {deviation / divisor:.{decimals}f} {unit}"


def _value(scale: Scale, value: float | None) -> Cell:
    return number(scale.number(value), value)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
