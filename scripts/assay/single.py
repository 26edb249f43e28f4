"""One recipe outside the workflow: of a study's variant, of a recipe file, of nothing but defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay import finished, plan, reads
from assay.configuration import Configuration
from assay.data.prepared import Prepared, load
from assay.errors import SettingError, UserError, choose, fail
from assay.places import split_folder
from assay.recipe import Recipe, read_train
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings
from assay.store import claim
from assay.study.check import setting_problems
from assay.study.files import FileDigests
from assay.study.layers import Layer, Layers
from assay.study.load import Variant, find
from assay.study.load import load as load_study
from assay.study.order import in_order
from assay.study.overrides import nested
from assay.study.presets import expand


def from_settings(
    settings: Mapping[str, Any], assignments: Mapping[str, Any], configuration: Configuration
) -> Recipe:
    """The train recipe of settings as in a study's base, and overrides.

    Raises:
        UserError: everything that is wrong with them, a line each.
    """
    options = configuration.options
    try:
        given = [expand(nested(part), options.presets) for part in (settings, assignments)]
    except SettingError as error:
        raise UserError(f"settings: {error}") from error
    layers = Layers([Layer("settings", (), part) for part in given])
    complete, wrong = validate(VariantSettings, layers.merged())
    fail(layers.problem(at, text) for at, text in wrong)
    assert complete is not None
    fail(layers.problem(at, text) for at, text in setting_problems(complete, options.data))
    return _recipe("", Variant("", dict(assignments), complete, layers), configuration)


def from_variant(study: str, variant: str | None, configuration: Configuration) -> Recipe:
    """The train recipe of a study's variant, or of its baseline.

    Raises:
        UserError: the study is wrong, or has no such variant.
    """
    loaded = load_study(find(study), configuration.options)
    wanted = variant or loaded.baseline
    variants = {item.name: item for item in loaded.variants}
    if wanted not in variants:
        raise UserError(f"{loaded.path}: there is no variant {wanted!r}; {choose(wanted, variants)}")
    recipes: dict[str, Recipe] = {}
    for item in in_order(loaded.variants):
        read = {name: recipes[other] for name, other in item.settings.task.variants().items()}
        recipes[item.name] = _recipe(loaded.name, item, configuration, read)
    return recipes[wanted]


def from_file(path: Path, assignments: Mapping[str, Any], configuration: Configuration) -> Recipe:
    """The train recipe of a recipe file, with overrides."""
    recipe = read_train(path)
    if not assignments:
        return recipe
    given = recipe.settings.model_dump() | recipe.embedded["prepare"].settings.model_dump(include={"data"})
    return from_settings(given, assignments, configuration)


def _recipe(
    study: str,
    variant: Variant,
    configuration: Configuration,
    read: Mapping[str, Recipe] | None = None,
) -> Recipe:
    digests = FileDigests(configuration.store, configuration.options.data)
    environment = configuration.environment
    prepare = plan.plan_data(variant.settings.data, digests, environment)
    return plan.plan_variant(study, variant, (), prepare, environment, read or {}).train


def prepared_data(recipe: Recipe, seed: int, store: Path, data: Path, mapped: bool = False) -> Prepared:
    """The prepared data that a train recipe reads: from the store, where it is put if it is not there."""
    upstream = recipe.embedded["prepare"]
    plan.write_recipe(store, upstream)
    folder = upstream.folder(store) / split_folder(upstream, seed)
    with claim(folder):
        if finished.find(folder) is None:
            files = [data / upstream.settings.data.source.settings[name] for name in upstream.settings.files]
            with reads.watched([folder, *files], imported=False):
                from assay.data import prepare  # what it imports is none of the run's

                prepare.write(prepare.prepare(upstream.settings, seed, data), folder, upstream)
    return load(folder, upstream.address, mapped)
