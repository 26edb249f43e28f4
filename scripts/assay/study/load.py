"""Read a study file: everything in it is checked here, before any job is planned."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.errors import Problem, SettingError, UserError, choose, fail
from assay.settings.base import Location
from assay.settings.shared import SharedParts
from assay.settings.study import StudySettings
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings
from assay.study import check
from assay.study.layers import Layer, Layers
from assay.study.overrides import flat, merge, nested
from assay.study.presets import expand
from assay.study.variants import expand_variants
from assay.yamlfile import Document, read


@dataclass(frozen=True)
class Variant:
    """A named change to the base, and the complete settings that result."""

    name: str
    overrides: Mapping[str, Any]
    settings: VariantSettings
    layers: Layers
    """Where each setting is written."""


@dataclass(frozen=True)
class Study:
    """A study, complete and valid."""

    name: str
    path: Path
    settings: StudySettings
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]

    @property
    def baseline(self) -> str:
        """The variant that the others are compared with."""
        given, names = self.settings.comparisons, [variant.name for variant in self.variants]
        return given.baseline or next((name for name in names if name not in given.exclude), names[0])


@dataclass(frozen=True)
class Options:
    """What a call adds to a study file."""

    presets: Sequence[Path] = (Path("config/presets"),)
    assignments: Mapping[str, Any] = field(default_factory=dict)
    """Flat overrides of every variant (`--config set=…`)."""
    smoke: bool = False
    seed: int | None = None
    """The only seed (`ASSAY_SEED`)."""
    data: Path = Path()
    """The folder that relative paths of data files start from."""


def find(study: str, folder: Path = Path("config/studies")) -> Path:
    """The file of a study named by its file's name or path.

    Raises:
        UserError: there is no such study; the text leads to the nearest one.
    """
    if study.endswith((".yaml", ".yml")):
        if not os.path.isfile(study):
            raise UserError(f"study: there is no file {study}")
        return Path(study)
    path = folder / f"{study}.yaml"
    if os.sep in study or not os.path.isfile(path):
        names = [file.stem for file in folder.glob("*.yaml")]
        raise UserError(f"study: there is no study {study!r} in {folder}; {choose(Path(study).name, names)}")
    return path


def load(path: Path, options: Options | None = None) -> Study:
    """Read, complete and check a study.

    Raises:
        UserError: everything that is wrong, a line each: file, key, value, nearest valid choice.
    """
    options = options or Options()
    document = read(path)
    if not isinstance(document.content, dict):
        raise UserError(f"{path}: a study is a mapping: base, variants, seeds, comparisons")
    settings, wrong = validate(StudySettings, document.content)
    fail(Problem(document.where(at), ".".join(map(str, at)), text) for at, text in wrong)
    assert settings is not None
    problems: list[Problem] = []
    written = expand_variants(settings, document, problems)
    if not (written or problems):
        problems.append(Problem(document.where(("variants",)), "variants", "a study names at least one"))
    try:
        seeds = _seeds(settings, options)
    except UserError as error:
        problems.append(Problem(document.where(("seeds",)), "seeds", str(error)))
        seeds = ()
    folders = [path.parent / "presets", path.parent.parent / "presets", *options.presets]
    smoke = {"training": {"epochs": 1}} if options.smoke else {}
    base = _layer(document, ("base",), settings.base, folders, problems)
    call = [
        _layer("--config", ("set",), options.assignments, folders, problems),
        _layer("--config", ("smoke",), smoke, folders, problems),
    ]
    variants, parts = [], SharedParts()
    for name, (key, overrides) in written.items():
        top: Location = ("grid",) if key == "grid" else ("variants", key.removeprefix("variants."))
        layers = [base, _layer(document, top, overrides, folders, problems), *call]
        variant = _variant(name, merge(overrides, options.assignments), layers, parts, problems)
        if variant is not None:
            variants.append(variant)
    fail(problems)
    study = Study(path.stem, path, settings, tuple(variants), seeds)
    fail(check.problems(study, document, options.data))
    return study


def _seeds(settings: StudySettings, options: Options) -> tuple[int, ...]:
    given = settings.seeds
    seeds = tuple(range(given)) if isinstance(given, int) else tuple(given)
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1}) if given == list(seeds) else []
    if twice:
        raise UserError(f"{', '.join(map(str, twice))} stands twice; every seed is one run")
    if options.seed is not None:
        return (options.seed,)
    return seeds[:2] if options.smoke else seeds


def _layer(
    where: Document | str,
    key: Location,
    content: Mapping[str, Any],
    folders: Sequence[Path],
    problems: list[Problem],
) -> Layer | None:
    """One source of settings, its presets expanded; None if that fails."""
    try:
        return Layer(where, key, expand(nested(content), folders))
    except SettingError as error:
        problems.append(Layer(where, key, {}).problem(tuple(error.key.split(".")), error.text))
        return None


def _variant(
    name: str,
    overrides: Mapping[str, Any],
    sources: Sequence[Layer | None],
    parts: SharedParts,
    problems: list[Problem],
) -> Variant | None:
    """Merge the layers of one variant and check the result; None if something is wrong."""
    found = [layer for layer in sources if layer is not None]
    if len(found) < len(sources):
        return None
    layers = Layers(found)
    complete, wrong = parts.validate(VariantSettings, layers.merged())
    problems.extend(layers.problem(at, text) for at, text in wrong)
    if complete is None:
        return None
    return Variant(name, flat(overrides), complete, layers)
