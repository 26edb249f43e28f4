"""The configuration of a call: `config/config.yaml`, `--config`, the environment's variables."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from assay.errors import Problem, UserError, fail
from assay.settings.base import shown
from assay.settings.config import ConfigSettings, MachineSettings
from assay.settings.validate import validate
from assay.study.load import Options
from assay.study.overrides import parse_assignments
from assay.study.presets import read_preset
from assay.yamlfile import read

CONFIG_FILE = Path("config/config.yaml")
PRESETS = Path("config/presets")


@dataclass(frozen=True)
class Configuration:
    """A valid configuration and what follows from it."""

    settings: ConfigSettings
    machine: MachineSettings
    store: Path
    options: Options

    @cached_property
    def environment(self) -> dict[str, str]:
        """Versions and processor that enter every address, if the configuration says so."""
        if not self.settings.identity.environment:
            return {}
        versions = {name: metadata.version(name) for name in ("torch", "numpy")}
        return {"python": platform.python_version(), "processor": platform.machine()} | versions


def configure(config: Mapping[str, Any] | None = None, **changes: Any) -> Configuration:
    """Check the configuration.

    Args:
        config: its content; what `config/config.yaml` says if None.
        changes: other values for some of its keys; those that are None or empty change nothing.

    Raises:
        UserError: a key or value is not valid, or a preset is missing.
    """
    if config is None:
        config = (read(CONFIG_FILE).content if CONFIG_FILE.exists() else None) or {}
    if not isinstance(config, Mapping):
        raise UserError(f"{CONFIG_FILE}: must be a mapping of keys to values")
    config = {**config, **{key: value for key, value in changes.items() if value}}
    settings, wrong = validate(ConfigSettings, config)
    fail(Problem(str(CONFIG_FILE), ".".join(map(str, at)), text) for at, text in wrong)
    assert settings is not None
    machine = _machine(settings)
    options = Options(
        presets=(PRESETS,),
        assignments=parse_assignments(settings.set),
        smoke=settings.smoke,
        seed=_forced_seed(),
        data=Path(machine.data),
    )
    store = Path(os.environ.get("ASSAY_RESULTS") or machine.results)
    if store.exists() and not store.is_dir():
        raise UserError(f"{CONFIG_FILE}: machine.results: {str(store)!r} is not a folder")
    return Configuration(settings, machine, store, options)


def _machine(settings: ConfigSettings) -> MachineSettings:
    if isinstance(settings.machine, MachineSettings):
        return settings.machine
    try:
        content = read_preset("machine", settings.machine, (PRESETS,))
    except UserError as error:
        raise UserError(f"{CONFIG_FILE}: machine: {error}") from error
    machine, wrong = validate(MachineSettings, content)
    where = f"{PRESETS}/machine/{settings.machine}.yaml"
    fail(Problem(where, ".".join(map(str, at)), text) for at, text in wrong)
    assert machine is not None
    return machine


def _forced_seed() -> int | None:
    text = os.environ.get("ASSAY_SEED", "")
    if text and not re.fullmatch(r"[0-9]{1,18}", text):
        raise UserError(f"ASSAY_SEED: must be a whole number from 0, not {shown(text)}")
    return int(text) if text else None
