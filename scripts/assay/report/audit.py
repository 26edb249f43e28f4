"""What a reader must know before the numbers: runs without result, dropped pairs, mixed environments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay.report import design
from assay.report.inputs import Inputs, Run
from assay.words import counted, seed_ranges

_CHECKED = (
    "device",
    "cpu.model",
    "cpu.capability",
    "portability.fingerprint",
    "git.commit",
    "git.dirty",
)
_WORDS = {
    "versions.python": "Python version",
    "versions.torch": "PyTorch version",
    "versions.numpy": "NumPy version",
    "versions.cuda": "CUDA version",
    "versions.cudnn": "cuDNN version",
    "device": "device",
    "cpu.model": "CPU",
    "cpu.capability": "CPU capability",
    "portability.fingerprint": "arithmetic (fingerprint)",
    "git.commit": "git commit",
    "git.dirty": "uncommitted changes",
}
"""Names of what is recorded, in the order of the table."""
_LISTED = 3
"""Comparisons up to which the seeds that each lacks are said."""
_COMMIT = 12
"""Hex digits of a commit that are shown."""


def warnings(inputs: Inputs) -> list[str]:
    """One sentence a fact, the gravest first; empty if there is nothing to warn of."""
    return [
        *_smoke(inputs),
        *_without_result(inputs),
        *_dropped(inputs),
        *design.warnings(inputs),
        *_data(inputs),
        *_numerics(inputs),
        *_code(inputs),
        *_mixed(inputs),
        *_continued(inputs),
    ]


def environment(inputs: Inputs) -> list[tuple[str, str]]:
    """What the runs recorded, for a table: name → value, or the values and whose they are."""
    found = {key: _by_value(inputs.runs, key) for key in _checked(inputs.runs)}
    order = [*_WORDS, *sorted(found.keys() - _WORDS.keys())]
    return [
        (_word(key), next(iter(found[key])) if len(found[key]) == 1 else _who(found[key]))
        for key in order
        if found.get(key)
    ]


def _smoke(inputs: Inputs) -> Iterator[str]:
    if inputs.settings.smoke:
        yield "This is a quick try: one epoch, two seeds — not evidence."


def _without_result(inputs: Inputs) -> Iterator[str]:
    """Runs that did not finish, by variant and reason; what was never run makes the report partial."""
    lost = [run for run in inputs.runs if not run.finished]
    if inputs.settings.partial:
        total = counted(len(inputs.runs), "run")
        yield (
            f"This is a partial report: {len(lost)} of {total} have no result. To decide now, and again "
            "when there are more, makes false alarms likelier."
        )
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for run in lost:
        groups[run.variant, run.status].append(run.seed)
    for (variant, status), seeds in groups.items():
        yield f"No result: {_runs(variant, seeds)}: {status}."


def _dropped(inputs: Inputs) -> Iterator[str]:
    """Seeds without a pair; the reason where it is not that a run has no result, which is said above."""
    comparisons = inputs.compared["comparisons"]
    lost = {(run.variant, run.seed) for run in inputs.runs if not run.finished}
    groups: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for comparison in comparisons:
        arms = (comparison["variant"], comparison["baseline"])
        for pair in comparison["dropped"]:
            said = any((arm, pair["seed"]) in lost for arm in arms)
            groups["" if said else f" ({pair['reason']})"][" and ".join(arms)].append(pair["seed"])
    for reason, pairs in groups.items():
        seeds = list(pairs.values())
        if 1 < len(comparisons) == len(seeds) and seeds.count(seeds[0]) == len(seeds):
            yield f"No pair in any comparison: {_seeds(seeds[0])}{reason}."
        elif len(pairs) > _LISTED:
            missing_pairs = counted(sum(map(len, seeds)), "pair")
            of = f"{len(pairs)} of {len(comparisons)} comparisons"
            yield f"{of} lack {missing_pairs} in all{reason}: see “Lost runs”."
        else:
            for names, missing in pairs.items():
                yield f"No pair of {names}: {_seeds(missing)}{reason}."


def _data(inputs: Inputs) -> Iterator[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for variant in inputs.variants:
        if digest := (variant.get("data") or {}).get("digest"):
            groups[digest].append(variant["name"])
    if len(groups) > 1:
        told = "; ".join(", ".join(names) for names in groups.values())
        yield f"The variants do not all use the same data ({told}); differences may be due to that."


def _numerics(inputs: Inputs) -> Iterator[str]:
    """Settings of the arithmetic that are not the same in all variants."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for variant in inputs.variants:
        for key, value in variant.get("settings", {}).get("numerics", {}).items():
            groups[key][_shown(key, value)].append(variant["name"])
    for key, values in groups.items():
        if len(values) > 1:
            told = "; ".join(f"{value} ({', '.join(names)})" for value, names in values.items())
            yield f"The variants compute differently, numerics.{key}: {told}; differences may be due to that."


def _code(inputs: Inputs) -> Iterator[str]:
    """Modules that some runs were computed with another version of than others."""
    versions: dict[str, dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in inputs.runs:
        for module, digest in run.code.items():
            versions[module][digest].append(run)
    groups: dict[str, list[str]] = defaultdict(list)
    for module, by_digest in versions.items():
        if len(by_digest) > 1:
            fewest = min(by_digest.values(), key=len)
            groups[_by_variant(fewest)].append(module)
    for runs, modules in groups.items():
        yield (
            f"Runs were computed with different versions of {', '.join(modules)}: {runs} with another than "
            "all others. One address for both means that the change was accepted (config/accepted.yaml)."
        )


def _mixed(inputs: Inputs) -> Iterator[str]:
    for key in _checked(inputs.runs):
        values = _by_value(inputs.runs, key)
        if len(values) > 1 and not key.startswith("git."):  # an edit of a study, too; `_code` knows of code
            yield f"Runs differ in {_word(key)}: {_who(values)}."
    silent = [run for run in inputs.runs if run.finished and not run.environment]
    if silent:
        yield f"No environment is recorded for {_by_variant(silent)}."


def _continued(inputs: Inputs) -> Iterator[str]:
    """Runs whose beginning was computed in another environment, before an interruption."""
    moved = [run for run in inputs.runs if run.environment.get("earlier")]
    if moved:
        yield (
            f"Interrupted and continued in another environment (see `earlier` in environment.json): "
            f"{_by_variant(moved)}."
        )


def _checked(runs: Iterable[Run]) -> list[str]:
    """Dotted names of what must not differ among runs."""
    versions = {f"versions.{name}" for run in runs for name in _part(run.environment, "versions")}
    return [*sorted(versions), *_CHECKED]


def _by_value(runs: Iterable[Run], key: str) -> dict[str, list[Run]]:
    """Value → the runs that recorded it, the most frequent value last."""
    found: dict[str, list[Run]] = defaultdict(list)
    section, _, name = key.rpartition(".")
    for run in runs:
        recorded = _part(run.environment, section) if section else run.environment
        if recorded.get(name) is not None:
            found[_shown(key, recorded[name])].append(run)
    return dict(sorted(found.items(), key=lambda item: (len(item[1]), item[0])))


def _shown(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)[:_COMMIT] if key == "git.commit" else str(value)


def _part(recorded: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    found = recorded.get(section)
    return found if isinstance(found, dict) else {}


def _who(values: dict[str, list[Run]]) -> str:
    *rare, (usual, _) = values.items()
    return "; ".join([*(f"{value} ({_by_variant(runs)})" for value, runs in rare), f"{usual} (all others)"])


def _by_variant(runs: Iterable[Run]) -> str:
    groups: dict[str, list[int]] = defaultdict(list)
    for run in runs:
        groups[run.variant].append(run.seed)
    return "; ".join(_runs(variant, seeds) for variant, seeds in groups.items())


def _runs(variant: str, seeds: list[int]) -> str:
    return f"{variant}, {_seeds(seeds)}"


def _seeds(seeds: list[int]) -> str:
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {seed_ranges(seeds)}"


def _word(key: str) -> str:
    name = key.removeprefix("versions.")
    return _WORDS.get(key, name if name == key else f"{name} version")
