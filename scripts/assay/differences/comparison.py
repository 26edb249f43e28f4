"""Two runs, variants or recipes compared in every respect: what `assay diff` tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from statistics import fmean
from typing import Any

from assay.differences import recipes, results
from assay.differences.known import Recipes
from assay.differences.modules import Modules
from assay.differences.named import Named, common_stage
from assay.differences.recipes import Differences
from assay.differences.results import HistoryDifference
from assay.differences.settings import Value
from assay.finished import is_finished
from assay.store import seed_folder


@dataclass(frozen=True)
class Metric:
    """A metric of two runs, or its means over the seeds that both variants have."""

    name: str
    old: float | None
    new: float | None

    @property
    def difference(self) -> float | None:
        """The second value minus the first."""
        return self.new - self.old if self.new is not None and self.old is not None else None


@dataclass(frozen=True)
class Comparison:
    """What two sides differ in; of two runs also what they left."""

    differences: Differences = field(default_factory=Differences)
    hosts: tuple[str, ...] = ()
    """Where the two runs were computed, if those are two places: no difference in itself."""
    same_data: str | None = None
    """The digest of the prepared data, where both runs have the same though their recipes differ in it."""
    files: tuple[str, ...] = ()
    """Those that carry bits and are not equal."""
    equal_files: tuple[str, ...] = ()
    ends: tuple[Value, ...] = ()
    """Status and the like."""
    metrics: tuple[Metric, ...] = ()
    """Those that differ."""
    measured_on: str = ""
    """What the metrics were measured on."""
    seeds: int = 0
    """How many seeds the metrics are means of, for variants."""
    parting: HistoryDifference | None = None

    def __bool__(self) -> bool:
        return bool(self.differences or self.files or self.ends or self.metrics or self.parting)

    def plain(self) -> dict[str, Any]:
        """As JSON, with the sections that there are."""
        found = self.differences.plain() | {
            "hosts": list(self.hosts),
            "same_data": self.same_data,
            "files": list(self.files),
            "equal_files": list(self.equal_files),
            "ends": [value.plain() for value in self.ends],
            "measured_on": self.measured_on if self.metrics else "",
            "seeds": self.seeds,
            "metrics": [asdict(item) | {"difference": item.difference} for item in self.metrics],
            "parting": self.parting
            and {"text": self.parting.text, "values": [value.plain() for value in self.parting.values]},
        }
        return {name: content for name, content in found.items() if content}


class Comparer:
    """Compares what names mean.

    Args:
        recipes: those of the store.
    """

    def __init__(self, known: Recipes) -> None:
        self.recipes = known
        self._modules = Modules(known.store)

    def compare(self, one: Named, other: Named) -> Comparison:
        """Two of which none is a study. A run is compared with the run of a variant that has its seed.

        Raises:
            UserError: the recipes are of stages that have nothing in common, or a result is damaged.
        """
        if one.seed in other.runs:
            other = other.of_seed(one.seed)  # type: ignore[arg-type]
        elif other.seed in one.runs:
            one = one.of_seed(other.seed)  # type: ignore[arg-type]
        stage = common_stage(one, other)
        old, new = one.at_stage(stage), other.at_stage(stage)
        assert old and new
        found = recipes.compare(old, new, self._modules, self.recipes.read)
        if one.seed is not None and other.seed is not None and one.seed != other.seed:
            found = replace(found, settings=(Value("seed", one.seed, other.seed), *found.settings))
        if one.run and other.run:
            return self._runs(one, other, found)
        return self._variants(one, other, found)

    def _runs(self, one: Named, other: Named, found: Differences) -> Comparison:
        """Two finished runs."""
        assert one.run and other.run
        runs = one.run, other.run
        values, hosts = results.environments(*runs)
        found = replace(found, environment=(*found.environment, *values))
        data = results.data(*runs)
        if data and data.old != data.new:
            found = replace(found, data=(*found.data, data))
        on, *values_on = _shared(self._measured(one), self._measured(other)) or ("", {}, {})
        differ, equal = results.files(*runs)
        return Comparison(
            found,
            hosts=tuple(hosts),
            same_data=data.old if data and data.old == data.new and found.data else None,
            files=tuple(differ),
            equal_files=tuple(equal),
            ends=tuple(results.ends(*runs)),
            metrics=_differing(*values_on),
            measured_on=on,
            parting=results.histories_differ(*runs),
        )

    def _measured(self, side: Named) -> dict[str, Mapping[str, float]]:
        """What was measured of a finished run."""
        recipe = side.at_stage("train")
        assert recipe and side.run and side.seed is not None
        return results.evaluated(self.recipes, recipe["address"], side.seed) | results.validation(side.run)

    def _variants(self, one: Named, other: Named, found: Differences) -> Comparison:
        """Two variants, by the seeds of which both have results; or recipes, of which there are none."""
        seeds = [seed for seed in one.runs if seed in other.runs]
        pairs = [(self._evaluated(one, seed), self._evaluated(other, seed)) for seed in seeds]
        if not any(old.keys() & new.keys() for old, new in pairs):
            pairs = [(results.validation(one.runs[s]), results.validation(other.runs[s])) for s in seeds]
        shared = [_shared(old, new) for old, new in pairs]
        on = next((item[0] for item in shared if item), "")
        used = [(item[1], item[2]) for item in shared if item and item[0] == on]
        old, new = (_means([pair[side] for pair in used]) for side in (0, 1))
        return Comparison(found, metrics=_differing(old, new), measured_on=on, seeds=len(used))

    def _evaluated(self, side: Named, seed: int) -> dict[str, Mapping[str, float]]:
        """What was measured of a variant's run by the variant's own evaluation."""
        folder = self.recipes.store / "evaluate" / side.recipe["address"] / seed_folder(seed)
        if side.recipe["stage"] != "evaluate" or not is_finished(folder):
            return {}
        return results.measured(folder, side.recipe["settings"])


def _shared(
    old: Mapping[str, Mapping[str, float]], new: Mapping[str, Mapping[str, float]]
) -> tuple[str, Mapping[str, float], Mapping[str, float]] | None:
    """The first thing that both were measured on, and the metrics."""
    return next(((on, metrics, new[on]) for on, metrics in old.items() if on in new), None)


def _means(runs: list[Mapping[str, float]]) -> dict[str, float]:
    """The mean of every metric that all runs have."""
    names = [name for name in runs[0] if all(run.get(name) is not None for run in runs)] if runs else []
    return {name: fmean(run[name] for run in runs) for name in names}


def _differing(old: Mapping[str, float], new: Mapping[str, float]) -> tuple[Metric, ...]:
    """The metrics whose values differ, or that only one side has."""
    pairs = [Metric(name, old.get(name), new.get(name)) for name in {**old, **new}]
    return tuple(item for item in pairs if item.old != item.new)
