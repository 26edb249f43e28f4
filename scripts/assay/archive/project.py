"""The project's part of an archive: all that it takes to run it again, from a list and not from git.

The configuration in the archive is made for it: its study is the one that was exported, under the same
overrides; its store is the archive's; where the author keeps results and data does not matter to a reader.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from assay import closure
from assay.archive import STORE
from assay.archive.contents import Contents, of_file, of_text
from assay.archive.manifest import DataFile
from assay.environment import PROJECT
from assay.errors import UserError
from assay.modules import find_module
from assay.recipe import Recipe
from assay.settings.config import ConfigSettings
from assay.study.files import data_file
from assay.study.load import Study
from assay.study.overrides import Whole
from assay.yamlfile import dump

PARTS = (
    *("Snakefile", "workflow", "profiles", "slurm", "scripts", "envs", "docs", "Makefile", "pyproject.toml"),
    *("README.md", "LICENSE", "config/README.md", "config/schema", "config/accepted.yaml"),
)
"""Files and folders that belong to the project, where there are such."""
_STUDY = "# The study of this archive, under the overrides that its results were made with.\n"
_RUN = "# No study: what the run of this archive needs stands in its recipe.\n"


def require_own_code(root: Path) -> None:
    """Refuse to export a project with the command of another one: its code would not be what is planned with.

    Raises:
        UserError: names both.
    """
    if PROJECT.resolve() != root.resolve():
        raise UserError(
            f"{root}: this command is that of the project {PROJECT}; call this project's own: "
            "PYTHONPATH=scripts python -m assay.command.main export …"
        )


def add_project(contents: Contents, root: Path) -> None:
    """Add the project's own files."""
    for name in PARTS:
        path = root / name
        target = os.readlink(path) if path.is_symlink() else ""
        if target and not os.path.isabs(target) and not os.path.normpath(target).startswith(".."):
            contents.links[name] = target
        elif path.is_file():
            contents.add(name, of_file(path))
        elif path.is_dir():
            for file in _tree(path, ()):
                contents.add(file.relative_to(root).as_posix(), of_file(file))


def _tree(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """The files below a folder, links followed; no caches, hidden files and remains of editors and builds."""
    for path in sorted(folder.iterdir()):
        made = path.name == "__pycache__" or path.suffix in (".pyc", ".egg-info")
        if made or path.name.startswith(".") or path.name.endswith("~"):
            continue
        if path.is_dir() and (resolved := path.resolve()) not in above:
            yield from _tree(path, (*above, resolved))
        elif path.is_file():
            yield path


def add_configuration(contents: Contents, settings: ConfigSettings, study: Study | None, device: str) -> None:
    """Add `config/config.yaml`, made anew, and the study with the presets that it uses.

    Args:
        contents: what they are added to.
        settings: the configuration that the study was planned with.
        study: None for a run: what it needs stands in its recipe.
        device: what a reader's runs are to be computed on.
    """
    kept = {"set", "smoke", "partial", "identity"}
    changed = settings.model_dump(mode="json", include=kept, exclude_defaults=True)
    named = {"study": study.name} if study else {}
    content = {**named, **changed, "machine": {"results": STORE, "data": ".", "device": device}}
    contents.add("config/config.yaml", of_text((_STUDY if study else _RUN) + dump(content)))
    if study is None:
        return
    contents.add(f"config/studies/{study.name}.yaml", of_file(study.path))
    layers = [layer.content for variant in study.variants for layer in variant.layers.layers]
    for preset in sorted({path for content in layers for path in _presets(content)}):
        group = preset.parent.name
        common = Path("config/presets") / group / preset.name
        own = common.exists() and common.samefile(preset)
        place = common if own else Path("config/studies/presets") / group / preset.name
        contents.add(place.as_posix(), of_file(preset))


def _presets(content: Any) -> Iterator[Path]:
    """The files of the presets that settings use, at any depth."""
    if isinstance(content, Whole):
        yield Path(content.path)
    if isinstance(content, Mapping):
        for value in content.values():
            yield from _presets(value)


def add_modules(contents: Contents, recipes: Iterable[Recipe]) -> None:
    """Add the user's modules that recipes reach and that are not among the project's files.

    They are put where an import from the archive's folder finds them.
    """
    there = contents.sources()
    for name in sorted({name for recipe in recipes for name in recipe.code}):
        file = closure.file_of(name)
        if file is not None and file.is_file() and file.resolve() not in there:
            contents.add(_place(name).as_posix(), of_file(file))


def _place(name: str) -> Path:
    """The file of a name in a closure, from the folder that its module is imported from."""
    module, _, beside = name.partition("/")
    path, file = Path(*module.split(".")), find_module(module)
    is_package = file is not None and file.name == "__init__.py"
    source = path / "__init__.py" if is_package else path.with_suffix(".py")
    return source.parent / beside if beside else source


def add_data_files(
    contents: Contents, recipes: Iterable[Recipe], data: Path, include: bool
) -> dict[str, DataFile]:
    """Note the files that data are prepared from, and add them if asked.

    Returns:
        path below the data folder → what it is.

    Raises:
        UserError: one that is to be added is not as it was when the data were prepared, or cannot be placed.
    """
    found: dict[str, DataFile] = {}
    for recipe in (recipe for recipe in recipes if recipe.stage == "prepare"):
        for setting, digest in recipe.settings.files.items():
            given = recipe.settings.data.source.settings[setting]
            place = Path(os.path.relpath(os.path.join(os.path.abspath(data), given), data))
            found[place.as_posix()] = DataFile(sha256=digest, included=include)
            if include:
                entry = of_file(data_file(given, data))
                if entry.digest != digest:
                    raise UserError(f"{given}: is not the file that the data were prepared from")
                if os.path.isabs(given) or place.parts[0] == STORE:
                    raise UserError(
                        f"data.source.{setting}: {given!r}: its place in an archive would not be this one; "
                        f"put it below machine.data, outside of {STORE}, and give its path from there"
                    )
                contents.add(place.as_posix(), entry)
    return dict(sorted(found.items()))
