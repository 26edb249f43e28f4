"""What a study must satisfy as a whole: names that refer to each other, files that must exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assay import components
from assay.canonical import canonical_json, identity
from assay.errors import Problem, UserError, choose
from assay.settings.variant import VariantSettings
from assay.study.files import data_file

if TYPE_CHECKING:
    from assay.study.load import Study
    from assay.yamlfile import Document


def problems(study: Study, document: Document, data: Path) -> Iterator[Problem]:
    """What is wrong with a study whose every variant is valid by itself."""
    names = [variant.name for variant in study.variants]
    compared = study.settings.comparisons

    def at(text: str, *key: str | int) -> Problem:
        return Problem(document.where(key), ".".join(map(str, key)), text)

    if compared.baseline is not None and compared.baseline not in names:
        yield at(
            f"{compared.baseline!r} is not a variant; {choose(compared.baseline, names)}",
            "comparisons",
            "baseline",
        )
    same: dict[str, str] = {}
    for variant in study.variants:
        settings = variant.settings
        for key, text in _variant_problems(settings, data):
            yield at(text, "variants", variant.name, *key)
        metrics = comparable_metrics(settings)
        if compared.metric not in metrics:
            off = "" if settings.evaluation.enabled else " while evaluation.enabled is false"
            yield at(
                f"{compared.metric!r} is not measured{off}; {choose(compared.metric, metrics)}",
                "comparisons",
                "metric",
            )
        form = canonical_json(identity(settings))
        if form in same:
            yield at(
                f"is the same as variant {same[form]!r}: every setting that decides a result is equal",
                "variants",
                variant.name,
            )
        same.setdefault(form, variant.name)


def task_metrics(settings: VariantSettings) -> dict[str, str]:
    """The metrics that a variant's task measures: name → `minimize` or `maximize`."""
    return dict(components.define("tasks", settings.task.name).literals.get("metrics", {}))


def comparable_metrics(settings: VariantSettings) -> dict[str, str]:
    """The metrics that a comparison may decide on: name → `minimize` or `maximize`."""
    measured = task_metrics(settings)
    validation = {f"val_{name}": direction for name, direction in measured.items()}
    return (measured if settings.evaluation.enabled else {}) | validation


def _variant_problems(
    settings: VariantSettings, data: Path
) -> Iterator[tuple[tuple[str, ...], str]]:
    """(key, text) of what is wrong within one variant beyond the types of its fields."""
    split, training = settings.data.split, settings.training
    if split.validation + split.test >= 1:
        total = split.validation + split.test
        yield ("data", "split"), f"validation and test take {total:g} of the data; none is left to train"
    columns = [f"{part}_{name}" for part in ("val", "train") for name in task_metrics(settings)]
    if training.monitor not in columns:
        text = f"{training.monitor!r} is no column of the history; {choose(training.monitor, columns)}"
        yield ("training", "monitor"), text
    if settings.evaluation.enabled and not training.save_artifacts:
        text = "false leaves no checkpoint to evaluate; set evaluation.enabled to false as well"
        yield ("training", "save_artifacts"), text
    yield from _source_problems(settings, data)


def _source_problems(
    settings: VariantSettings, data: Path
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the data files, asked of the data set itself once they are known to exist."""
    source = settings.data.source
    given = source.settings
    for name in source.file_settings():
        try:
            given[name] = str(data_file(given[name], data))
        except UserError as error:
            yield ("data", "source", name), str(error)
            return
    try:
        components.check("datasets", source.name, given)
    except UserError as error:
        yield ("data", "source"), str(error)
