"""What a study must satisfy as a whole: names that refer to each other, files that must exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assay import components
from assay.canonical import canonical_json
from assay.errors import Problem, SettingError, UserError, choose
from assay.loss_kinds import misfit
from assay.settings.base import Location
from assay.settings.component import Component
from assay.settings.variant import VariantSettings
from assay.study.check_comparisons import comparison_problems
from assay.study.files import data_file
from assay.study.order import reading_problems

if TYPE_CHECKING:
    from assay.study.load import Study
    from assay.yamlfile import Document


def problems(study: Study, document: Document, data: Path) -> Iterator[Problem]:
    """What is wrong with a study whose every variant is valid by itself."""
    compared = study.settings.comparisons

    def at(text: str, *key: str | int) -> Problem:
        return Problem(document.where(key), ".".join(map(str, key)), text)

    if not compared.across_numerics:
        yield from _numerics_problems(study)
    for reader, key, text in reading_problems(study.variants):
        yield reader.layers.problem(key, text)
    forms: dict[int, str] = {}
    same: dict[tuple[str, ...], str] = {}
    shared: dict[str, str] | None = None
    for variant in study.variants:
        settings = variant.settings
        try:
            metrics = comparable_metrics(settings)
        except UserError as error:
            yield variant.layers.problem(("task",), str(error))
            continue
        shared = {name: metrics[name] for name in (metrics if shared is None else shared) if name in metrics}
        for key, text in setting_problems(settings, data):
            yield variant.layers.problem(key, text)
        if compared.metric not in metrics:
            off = "" if settings.evaluation.enabled else " while evaluation.enabled is false"
            yield at(
                f"{compared.metric!r} is not measured{off}; {choose(compared.metric, metrics)}",
                "comparisons",
                "metric",
            )
        form = _form(settings, forms)
        if form in same:
            yield at(
                f"is the same as variant {same[form]!r}: every setting that decides a result is equal",
                "variants",
                variant.name,
            )
        same.setdefault(form, variant.name)
    for where, text in comparison_problems(study, shared or {}):
        yield at(text, "comparisons", *where)


def _form(settings: VariantSettings, known: dict[int, str]) -> tuple[str, ...]:
    """What decides the results of a variant, part by part: equal where the results are.

    Args:
        settings: the variant's.
        known: the forms of parts, which variants share, by the parts' ids.
    """
    parts = [getattr(settings, name) for name in type(settings).model_fields]
    for part in parts:
        if id(part) not in known:
            known[id(part)] = canonical_json(part.identifying())
    return (*(known[id(part)] for part in parts), canonical_json(settings.task.variants()))


def _numerics_problems(study: Study) -> Iterator[Problem]:
    """A problem for each variant that does not compute as the baseline does."""
    baseline = study.baseline
    named = [variant.settings.numerics for variant in study.variants if variant.name == baseline]
    others = [variant for variant in study.variants if named and variant.settings.numerics != named[0]]
    for variant in others:
        own, usual = variant.settings.numerics.model_dump(), named[0].model_dump()
        for key in own:
            if own[key] != usual[key]:
                yield variant.layers.problem(
                    ("numerics", key),
                    f"is {own[key]}, but {usual[key]} for the baseline {baseline!r}: a difference "
                    "between them may be due to the arithmetic alone; "
                    "comparisons.across_numerics: true allows it",
                )


def task_metrics(settings: VariantSettings) -> dict[str, str]:
    """The metrics that a variant measures: name → `minimize` or `maximize`. Parts of losses are minimised."""
    metrics = components.define("tasks", settings.task.name).literals.get("metrics", {})
    valid = isinstance(metrics, dict) and set(metrics.values()) <= {"minimize", "maximize"}
    if not (valid and "loss" in metrics):
        raise UserError(
            f"task {settings.task.name!r}: its class must say `metrics = {{...}}` in so many words, "
            "each name with 'minimize' or 'maximize', `loss` among them"
        )
    parts = components.define("losses", settings.loss.name).literals.get("parts", ())
    return {**dict.fromkeys(parts, "minimize"), **metrics}


def comparable_metrics(settings: VariantSettings) -> dict[str, str]:
    """The metrics that a comparison may decide on: name → `minimize` or `maximize`."""
    measured = task_metrics(settings)
    validation = {f"val_{name}": direction for name, direction in measured.items()}
    return (measured if settings.evaluation.enabled else {}) | validation


def setting_problems(settings: VariantSettings, data: Path) -> Iterator[tuple[Location, str]]:
    """(location, text) of what is wrong with complete settings beyond the types of their fields."""
    split, training = settings.data.split, settings.training
    if split.validation + split.test >= 1:
        total = split.validation + split.test
        yield ("data", "split"), f"validation and test take {total:g} of the data; none is left to train"
    columns = _history_columns(settings)
    if training.monitor not in columns:
        text = f"{training.monitor!r} is no column of the history; {choose(training.monitor, columns)}"
        yield ("training", "monitor"), text
    elif not columns[training.monitor].startswith(training.mode):
        other = "max" if training.mode == "min" else "min"
        text = f"{training.mode} would keep the epoch with the worst {training.monitor}; set {other}"
        yield ("training", "mode"), text
    for at, key, column, mode in _named_columns(settings):
        if column not in columns:
            yield (*at, key), f"{column!r} is no column of the history; {choose(column, columns)}"
        elif not columns[column].startswith(mode):
            yield (*at, "mode"), f"{mode} takes a worse {column} for a better one"
    if training.epochs > 1 and training.warmup_epochs >= training.epochs:  # one epoch: a quick try
        yield ("training", "warmup_epochs"), f"the warm-up takes all of the {training.epochs} epochs"
    if training.processes > training.batch_size:
        yield ("training", "processes"), f"a batch of {training.batch_size} cannot be shared by so many"
    if settings.numerics.mixed_precision != "off" and settings.numerics.dtype != "float32":
        yield ("numerics", "mixed_precision"), "needs numerics.dtype float32"
    yield from _fit_problems(settings)
    if settings.evaluation.enabled and not training.save_artifacts:
        text = "false leaves no checkpoint to evaluate; set evaluation.enabled to false as well"
        yield ("training", "save_artifacts"), text
    yield from _source_problems(settings, data)


def _history_columns(settings: VariantSettings) -> dict[str, str]:
    """The columns of the history that may choose the best epoch: name → `minimize` or `maximize`."""
    measured = task_metrics(settings)
    training = components.define("tasks", settings.task.name).literals.get("training_metrics", ())
    parts = components.define("losses", settings.loss.name).literals.get("parts", ())
    found = {f"val_{name}": way for name, way in measured.items()}
    found |= {f"train_{name}": measured[name] for name in (*parts, *training) if name in measured}
    noted = settings.training.gradient_norm or settings.training.clip_norm is not None
    return found | ({"gradient_norm": "minimize"} if noted else {})


def _named_columns(settings: VariantSettings) -> Iterator[tuple[Location, str, str, str]]:
    """(location, key, column, mode) where a scheduler or callback looks at a column of the history."""
    training = settings.training
    users: list[tuple[Location, str, Component]] = [(("training", "scheduler"), "metric", training.scheduler)]
    for index, callback in enumerate(training.callbacks):
        users.append((("training", "callbacks", index), "monitor", callback))
    for at, key, component in users:
        column = component.settings.get(key)
        if column is not None:
            yield at, key, str(column), str(component.settings.get("mode") or "")


def _fit_problems(settings: VariantSettings) -> Iterator[tuple[Location, str]]:
    """Where data, task and loss do not fit each other, as far as they say what they are for."""
    task = components.define("tasks", settings.task.name).literals
    source = components.define("datasets", settings.data.source.name)
    given = settings.data.source.settings.get("targets", source.literals.get("TARGETS", "classes"))
    wanted = task.get("targets", "any")
    if wanted not in ("any", given):
        hint = " (the data set's setting `targets`)" if "targets" in source.settings else ""
        yield (
            ("task", "name"),
            f"{settings.task.name} needs targets that are {wanted}; "
            f"those of {settings.data.source.name} are {given}{hint}",
        )
    kind, own = task.get("loss_kind", "any"), components.define("losses", settings.loss.name)
    found = str(own.literals.get("kind", "any"))
    if wrong := misfit(settings.task.name, kind, settings.loss.name, found):
        yield ("loss", "name"), wrong


def _source_problems(settings: VariantSettings, data: Path) -> Iterator[tuple[Location, str]]:
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
    except SettingError as error:
        yield ("data", "source", error.key), error.text
    except UserError as error:
        yield ("data", "source"), str(error)
