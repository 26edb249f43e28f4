"""Which figures a report has, and each of them as files and as an element of the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from assay.report import captions, style
from assay.report.classes import class_results
from assay.report.figures.confusion import confusion
from assay.report.figures.cost import cost
from assay.report.figures.differences import differences
from assay.report.figures.distributions import distributions
from assay.report.figures.learning_curves import learning_curves, shown
from assay.report.figures.seeds import seeds
from assay.report.histories import History
from assay.report.inputs import Inputs


@dataclass(frozen=True)
class Drawing:
    """A figure that is ready for a page."""

    name: str
    """Of its files, without the ending."""
    caption: str
    """What is drawn, of how many runs, and how to read it: also what a screen reader says."""
    svg: bytes
    pdf: bytes
    png: bytes

    @property
    def inline(self) -> Markup:
        """The figure as an element of the page, described by its caption."""
        return Markup(style.inline(self.svg, self.name, str(escape(self.caption))))


def draw(inputs: Inputs) -> list[Drawing]:
    """The figures that the results allow, in the page's order; the same bytes each time."""
    looks = style.looks(inputs.names, inputs.baseline)
    drawings = []
    with style.sheet("".join([*inputs.names, inputs.metric])):
        for figures in (_of_pairs, _of_epochs, _of_classes, _of_costs):
            for name, figure, caption in figures(inputs, looks):
                drawings.append(Drawing(name, caption, **style.files(figure)))
    return drawings


_Named = Iterator[tuple[str, Figure, str]]
_Looks = dict[str, style.Look]


def _of_pairs(inputs: Inputs, looks: _Looks) -> _Named:
    compared, scale = inputs.compared, inputs.scale
    values = {name: inputs.values(name) for name in inputs.names}
    if any(test["n"] for test in compared["comparisons"]):
        yield "differences", differences(compared, scale, looks), captions.differences(inputs)
    if any(values.values()):
        better = bool(compared["higher_is_better"])
        yield "seeds", seeds(values, inputs.baseline, scale, better, looks), captions.seeds(inputs)
        figure = distributions(values, inputs.baseline, scale, compared["alpha"], looks)
        yield "distributions", figure, captions.distributions(inputs)


def _of_epochs(inputs: Inputs, looks: _Looks) -> _Named:
    histories = _finished(inputs)
    if scales := shown(histories, inputs.scale):
        figure = learning_curves(histories, scales, inputs.compared["alpha"], looks)
        yield "learning-curves", figure, captions.learning_curves(inputs, histories, scales)


def _of_classes(inputs: Inputs, looks: _Looks) -> _Named:
    measured = [result for result in class_results(inputs) if result.confusion]
    measured = [result for result in measured if result.classes == measured[0].classes]
    if measured:
        classes = measured[0].classes
        matrices = {result.variant: np.array(result.confusion) for result in measured}
        counts = {result.variant: result.n for result in measured}
        caption = captions.confusion(counts.values(), len(classes))
        yield "confusion", confusion(matrices, classes, counts), caption


def _of_costs(inputs: Inputs, looks: _Looks) -> _Named:
    values = {name: inputs.values(name) for name in inputs.names}
    seconds: dict[str, dict[int, float]] = {name: {} for name in inputs.names}
    for run in inputs.runs:
        if run.cost is not None and run.cost.seconds > 0 and run.seed in values[run.variant]:
            seconds[run.variant][run.seed] = run.cost.seconds
    if any(seconds.values()):
        figure = cost(values, seconds, inputs.scale, inputs.compared["alpha"], looks)
        yield "cost", figure, captions.cost(inputs)


def _finished(inputs: Inputs) -> list[History]:
    """The histories of the runs that have a result."""
    finished = {(run.variant, run.seed) for run in inputs.runs if run.finished}
    return [history for history in inputs.histories if (history.variant, history.seed) in finished]
