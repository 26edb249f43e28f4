"""Read a study file: everything in it is checked here, before any job is planned."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.errors import Problem, UserError, choose, fail
from assay.settings.base import Component, Location, Settings, validate
from assay.settings.study import StudySettings
from assay.settings.variant import VariantSettings
from assay.study import check
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
        return self.settings.comparisons.baseline or self.variants[0].name


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


@dataclass(frozen=True)
class _Layer:
    """One source of settings: where it is written and under which key."""

    where: Document | str
    key: Location
    content: Mapping[str, Any]

    def locate(self, at: Location) -> tuple[int, Problem]:
        """How much of a location this layer sets, and where it is written."""
        depth, content = 0, self.content
        for step in at:
            if not (isinstance(content, Mapping) and step in content):
                break
            depth, content = depth + 1, content[str(step)]
        key = ".".join(map(str, (*self.key, *at)))
        where = self.where if isinstance(self.where, str) else self.where.where(self._written(at))
        return depth, Problem(where, key, "")

    def _written(self, at: Location) -> Location:
        """The location as the file writes it, where dotted and nested keys may mix."""
        assert isinstance(self.where, Document)
        key, rest = self.key, at
        while rest:
            for length in range(len(rest), 0, -1):
                step = (*key, ".".join(map(str, rest[:length])))
                if step in self.where.lines:
                    key, rest = step, rest[length:]
                    break
            else:
                break
        return key


def find(study: str, folder: Path = Path("config/studies")) -> Path:
    """The file of a study named by its file's name or path.

    Raises:
        UserError: there is no such study; the text leads to the nearest one.
    """
    if study.endswith((".yaml", ".yml")):
        if not Path(study).is_file():
            raise UserError(f"study: there is no file {study}")
        return Path(study)
    path = folder / f"{study}.yaml"
    if os.sep in study or not path.is_file():
        names = [file.stem for file in folder.glob("*.yaml")]
        raise UserError(f"study: there is no study {study!r} in {folder}; {choose(study, names)}")
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
    written = expand_variants(settings, str(path), problems)
    if not written:
        problems.append(Problem(str(path), "variants", "a study names at least one variant"))
    try:
        seeds = _seeds(settings, options)
    except UserError as error:
        problems.append(Problem(document.where(("seeds",)), "seeds", str(error)))
        seeds = ()
    folders = [path.parent / "presets", path.parent.parent / "presets", *options.presets]
    variants = []
    for name, (key, overrides) in written.items():
        variant = _variant(name, key, overrides, document, settings, options, folders, problems)
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


def _default_components(settings: type[Settings]) -> dict[str, Any]:
    """The components a study need not name, so that their settings can be given alone."""
    found: dict[str, Any] = {}
    for name, info in settings.model_fields.items():
        if isinstance(info.default, Component):
            found[name] = {"name": info.default.name}
        elif isinstance(info.default, Settings):
            found[name] = _default_components(type(info.default))
    return {name: value for name, value in found.items() if value}


def _variant(
    name: str,
    key: str,
    overrides: dict[str, Any],
    document: Document,
    settings: StudySettings,
    options: Options,
    folders: Sequence[Path],
    problems: list[Problem],
) -> Variant | None:
    """Merge the layers of one variant and check the result."""
    smoke = {"training": {"epochs": 1}} if options.smoke else {}
    top: Location = ("grid",) if key == "grid" else ("variants", key.removeprefix("variants."))
    sources: list[tuple[Document | str, Location, Mapping[str, Any]]] = [
        (document, ("base",), settings.base),
        (document, top, overrides),
        ("--config", ("set",), options.assignments),
        ("--config", ("smoke",), smoke),
    ]
    layers: list[_Layer] = []
    merged = _default_components(VariantSettings)
    for where, at, content in sources:
        try:
            layer = _Layer(where, at, expand(nested(content), folders))
        except UserError as error:
            place = where if isinstance(where, str) else where.where(at)
            problems.append(Problem(place, ".".join(map(str, at)), str(error)))
            return None
        layers.append(layer)
        merged = merge(merged, layer.content)
    complete, wrong = validate(VariantSettings, merged)
    for at, text in wrong:
        found = [layer.locate(at) for layer in layers]
        deepest = max(depth for depth, _ in found)
        origin = [problem for depth, problem in found if depth == deepest][-1 if deepest else 0]
        problems.append(Problem(origin.where, origin.key, text))
    if complete is None:
        return None
    return Variant(name, flat(merge(overrides, options.assignments)), complete)


