"""From the configuration to every job there could be: studies, recipes, addresses, files.

This is all that the workflow's rules ask; it imports neither torch nor Snakemake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from assay import accepted, closure, components, looks, sources
from assay.configuration import Configuration, configure
from assay.errors import UserError
from assay.finished import is_finished
from assay.program import failure_reason
from assay.recipe import Recipe, to_yaml
from assay.settings import stages
from assay.settings.config import MachineSettings
from assay.settings.data import DataSettings
from assay.store import RECEIPT, RECIPE, seed_folder, write_atomically
from assay.study.files import FileDigests
from assay.study.load import Study, Variant, find, load
from assay.study.order import in_order
from assay.study.statistics import compare_settings


@dataclass(frozen=True)
class VariantPlan:
    """The recipes of one variant."""

    variant: Variant
    prepare: Recipe
    train: Recipe
    evaluate: Recipe | None
    aggregate: Recipe

    @property
    def measured(self) -> Recipe:
        """The last stage that is done once a seed."""
        return self.evaluate or self.train


@dataclass(frozen=True)
class StudyPlan:
    """The recipes of one study."""

    study: Study
    variants: tuple[VariantPlan, ...]
    aggregate: Recipe
    compare: Recipe
    report: Recipe


@dataclass(frozen=True)
class Plan:
    """All that a call of Snakemake may do."""

    store: Path
    machine: MachineSettings
    studies: tuple[StudyPlan, ...] = field(repr=False)  # Snakemake looks at the texts of what rules are given

    @cached_property
    def recipes(self) -> Mapping[tuple[str, str], Recipe]:
        """(stage, address) → recipe."""
        return {(recipe.stage, recipe.address): recipe for recipe in self._all()}

    def _all(self) -> Iterator[Recipe]:
        for study in self.studies:
            for variant in study.variants:
                yield variant.prepare
                yield variant.train
                yield variant.measured
                yield variant.aggregate
            yield from (study.aggregate, study.compare, study.report)

    def targets(self) -> list[str]:
        """The receipts of all reports."""
        return [str(plan.report.folder(self.store) / RECEIPT) for plan in self.studies]

    def write_recipes(self) -> None:
        """Put every recipe that is not there yet at its address, and keep the code that it reaches."""
        code: dict[str, str] = {}
        for recipe in self.recipes.values():
            code |= recipe.code
        sources.keep(self.store, code)
        for recipe in self.recipes.values():
            write_recipe(self.store, recipe)


def write_recipe(store: Path, recipe: Recipe) -> None:
    """Put a recipe at its address if it is not there yet."""
    path = recipe.folder(store) / RECIPE
    names_files = recipe.stage == "prepare" and recipe.settings.files  # which may have moved
    if names_files or not path.exists():
        text = to_yaml(recipe)
        if not (path.exists() and path.read_text(encoding="utf-8") == text):
            write_atomically(path, text)


def forget() -> None:
    """Read code and ledger anew from now on: a plan sees one state of them, and the next one the next."""
    for cached in (accepted, closure):
        cached.forget()
    components.define.cache_clear()


def load_plan(config: Mapping[str, Any] | None = None, **changes: Any) -> Plan:
    """Check the configuration and the studies that it names, and work out every recipe.

    Args:
        config: content of `config/config.yaml`, with what `--config` changed; the file's if None.
        changes: other values for some of its keys; those that are None or empty change nothing.

    Raises:
        UserError: all that is wrong with the configuration, or with one study.
    """
    forget()
    configuration = configure(config, **changes)
    settings, options = configuration.settings, configuration.options
    chosen = [settings.study] if isinstance(settings.study, str) else settings.study
    studies = [load(path, options) for path in dict.fromkeys(find(name) for name in chosen)]
    names = [study.name for study in studies]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UserError(f"study: two studies are named {', '.join(sorted(twice))}; rename a file")
    digests = FileDigests(configuration.store, options.data)
    plans = tuple(_plan_study(study, configuration, digests) for study in studies)
    digests.save()
    return Plan(configuration.store, configuration.machine, plans)


def _plan_study(study: Study, configuration: Configuration, digests: FileDigests) -> StudyPlan:
    """The recipes of a study."""
    partial = configuration.store if configuration.settings.partial else None
    environment = configuration.environment
    prepared: dict[int, Recipe] = {}
    plans: dict[str, VariantPlan] = {}
    for variant in in_order(study.variants):
        data = variant.settings.data  # one object, where variants agree in it
        if id(data) not in prepared:
            prepared[id(data)] = plan_data(data, digests, environment)
        read = {name: plans[other].train for name, other in variant.settings.task.variants().items()}
        plans[variant.name] = plan_variant(
            study.name, variant, study.seeds, prepared[id(data)], environment, read, partial
        )
    variants = tuple(plans[variant.name] for variant in study.variants)
    names = [variant.name for variant in study.variants]
    aggregate = Recipe(
        "aggregate/study",
        stages.AggregateStudySettings(variants=names),
        {str(index): plan.aggregate.address for index, plan in enumerate(variants)},
    )
    given, measured = study.settings.comparisons, {plan.measured.address for plan in variants}
    earlier = looks.earlier(configuration.store, study.name, given.metric, measured, study.seeds, given.looks)
    compare = Recipe("compare", compare_settings(study, earlier), {aggregate.stage: aggregate.address})
    report = Recipe(
        "report",
        stages.ReportSettings(
            study=study.name,
            question=study.settings.question,
            notes=study.settings.notes,
            overrides={variant.name: dict(variant.overrides) for variant in study.variants},
            smoke=configuration.settings.smoke,
            partial=any(variant.aggregate.settings.missing for variant in variants),
        ),
        {compare.stage: compare.address, aggregate.stage: aggregate.address},
    )
    return StudyPlan(study, variants, aggregate, compare, report)


def plan_data(data: DataSettings, digests: FileDigests, environment: Mapping[str, str]) -> Recipe:
    """The recipe that prepares a data set."""
    settings = stages.PrepareSettings(data=data, files=digests.of(data.source))
    return Recipe("prepare", settings, environment=environment)


def plan_variant(
    study: str,
    variant: Variant,
    seeds: tuple[int, ...],
    prepare: Recipe,
    environment: Mapping[str, str],
    read: Mapping[str, Recipe],
    partial: Path | None = None,
) -> VariantPlan:
    """The recipes of one variant; with `partial` (a store), of what exists of it there.

    `prepare` is the recipe of its data; `read` has the train recipes of the other variants whose runs it
    reads, by the setting that names them.
    """
    settings = variant.settings
    named = settings.task.variants()
    for name, other in named.items():
        if name not in read:
            raise UserError(f"task.{name}: {other!r} is a variant of a study; run it as one of that study")
        if read[name].upstream["prepare"] != prepare.address:
            raise UserError(
                f"variant {variant.name!r}: task.{name}: {other!r} learns from other data or another split; "
                "its run would have seen what this one is tested on"
            )
    train = Recipe(
        "train",
        stages.TrainSettings(
            task=settings.task,
            model=settings.model,
            loss=settings.loss,
            training=settings.training,
            numerics=settings.numerics,
        ),
        {"prepare": prepare.address, **{name: recipe.address for name, recipe in read.items()}},
        {"prepare": prepare, **read},
        environment,
        made_by={"study": study, "variant": variant.name, "overrides": dict(variant.overrides)},
    )
    evaluate = Recipe(
        "evaluate",
        stages.EvaluateSettings(evaluation=settings.evaluation),
        {"train": train.address},
        {"train": train},
        environment,
    )
    measured = evaluate if settings.evaluation.enabled else train
    missing = _missing(measured, train, seeds, partial) if partial is not None else {}
    aggregate = Recipe(
        "aggregate/variant",
        stages.AggregateVariantSettings(
            seeds=[seed for seed in sorted(seeds) if str(seed) not in missing], missing=missing
        ),
        {r.stage: r.address for r in (prepare, train, *([evaluate] * (measured is evaluate)))},
    )
    return VariantPlan(variant, prepare, train, evaluate if measured is evaluate else None, aggregate)


def _missing(measured: Recipe, train: Recipe, seeds: tuple[int, ...], store: Path) -> dict[str, str]:
    """Seed → why there is no result, for every seed that has none."""
    return {
        str(seed): failure_reason(train.folder(store) / seed_folder(seed))
        or failure_reason(measured.folder(store) / seed_folder(seed))
        or "was not run"
        for seed in seeds
        if not is_finished(measured.folder(store) / seed_folder(seed))
    }
