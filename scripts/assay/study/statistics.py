"""What the compare stage is asked, worked out from a study."""

from __future__ import annotations

from collections.abc import Sequence

from assay.settings.stages import CompareSettings
from assay.study.check import comparable_metrics, task_metrics
from assay.study.load import Study, Variant


def compare_settings(study: Study, earlier: Sequence[int]) -> CompareSettings:
    """The settings of a study's comparisons.

    Args:
        study: a valid one.
        earlier: numbers of seeds at which it was looked at before.
    """
    given = study.settings.comparisons
    directions = comparable_metrics(study.variants[0].settings)
    secondary = _secondary(study) if given.secondary is None else given.secondary
    own = {
        name: getattr(given, name)
        for name in type(given).model_fields
        if name in CompareSettings.model_fields
    }
    return CompareSettings(
        **own
        | {
            "baseline": study.baseline,
            "higher_is_better": directions[given.metric] == "maximize",
            "secondary": {metric: directions[metric] == "maximize" for metric in secondary},
            # a quick try has fewer seeds than were declared
            "looks": given.looks if len(study.seeds) in given.looks else [],
            "resampling": _resampling(study),
            "earlier": list(earlier),
        }
    )


def _compared(study: Study) -> list[Variant]:
    excluded = study.settings.comparisons.exclude
    return [variant for variant in study.variants if variant.name not in excluded]


def _secondary(study: Study) -> list[str]:
    """What all variants measure beside the metric that decides: a loss only where all minimise the same."""
    settings = [variant.settings for variant in _compared(study)]
    tasks = [task_metrics(each) for each in settings]
    same_loss = len({each.loss.model_dump_json() for each in settings}) == 1
    prefix = "" if all(each.evaluation.enabled for each in settings) else "val_"
    found = [f"{prefix}{name}" for name in tasks[0] if all(name in task for task in tasks)]
    found = [name for name in found if same_loss or name.removeprefix("val_") != "loss"]
    return [name for name in found if name != study.settings.comparisons.metric]


def _resampling(study: Study) -> float:
    """Test samples for each training sample where each seed splits the data anew; else 0."""
    validates = study.settings.comparisons.metric.startswith("val_")
    ratios = [0.0]
    for variant in _compared(study):
        split = variant.settings.data.split
        if split.seed == "run":
            part = "validation" if validates else variant.settings.evaluation.split
            tested = split.validation if part == "validation" else split.test
            ratios.append(tested / (1 - split.validation - split.test))
    return max(ratios)
