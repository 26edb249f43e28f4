"""A study's results as the stages before the report leave them, made up from a generator of its own.

Nothing here is trained: values are drawn, and compared by the compare stage's own code.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import small
from assay import recipe
from assay.receipt import file_digests, write_receipt
from assay.report import render
from assay.report.content import Content, content
from assay.report.inputs import gather
from assay.results.compare import compare, write_comparisons
from assay.settings.stages import CompareSettings, ReportSettings

ENVIRONMENT = {
    "versions": {"python": "3.11.2", "torch": "2.9.0", "numpy": "2.3.1", "cuda": None},
    "device": "cpu",
    "cpu": {"model": "Some CPU", "capability": "AVX2"},
    "git": {"commit": "a" * 40, "branch": "main", "dirty": False},
    "platform": "Linux",
}
UPSTREAM = {"compare": "000000000001-00000001", "aggregate/study": "000000000002-00000002"}


@dataclass
class Made:
    """What to make up. Effects are added to the metric, in its own units."""

    effects: Mapping[str, float]
    """Variant → effect; the first variant is the baseline."""
    seeds: Sequence[int] = range(10)
    lost: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """(variant, seed) → why there is no result."""
    environments: Mapping[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    """(variant, seed) → what differs from ENVIRONMENT."""
    code: Mapping[str, str] = field(default_factory=dict)
    """Module → digest of the code of every run that is not in `codes`."""
    codes: Mapping[tuple[str, int], Mapping[str, str]] = field(default_factory=dict)
    """(variant, seed) → module → digest."""
    metric: str = "accuracy"
    higher_is_better: bool = True
    level: float = 0.962
    noise: float = 0.005
    epochs: int = 20
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the report."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What differs in the description of the data."""
    comparisons: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the comparisons, beside the baseline and the metric."""
    more_metrics: int = 0
    """Further metrics of each run."""
    measured: bool = False
    """Whether runs have a log, costs and results by class."""


def make(store: Path, made: Made) -> Path:
    """Write the store; returns the report's folder, which holds its recipe."""
    random = np.random.default_rng(7)
    study = store / "aggregate" / "study" / UPSTREAM["aggregate/study"]
    study.mkdir(parents=True)
    _csv(study / "runs.csv", ["variant", "seed", "metric", "value", "status"], _runs(made, random))
    histories = _histories(made, random)
    pd.DataFrame(histories).to_csv(study / "histories.csv", index=False)
    table = pd.read_csv(study / "runs.csv", keep_default_na=False, dtype=str)
    table = table[table["metric"] != ""].assign(value=lambda t: t["value"].astype(float))
    groups = table.groupby(["variant", "metric"], sort=False)["value"]
    summary = groups.agg(n="count", mean="mean", sd="std", minimum="min", maximum="max").reset_index()
    summary.to_csv(study / "summary.csv", index=False)
    (study / "study.json").write_text(json.dumps({"variants": _variants(made)}))
    decided = {"metric": made.metric, "higher_is_better": made.higher_is_better, "alpha": 0.05}
    settings = CompareSettings(**{"baseline": next(iter(made.effects)), **decided, **made.comparisons})
    compared = store / "compare" / UPSTREAM["compare"]
    compared.mkdir(parents=True)
    write_comparisons(compare(study / "runs.csv", settings), compared)
    seal(study)
    seal(compared)
    for place, name in enumerate(made.effects):
        for seed in made.seeds:
            if made.lost.get((name, seed)) != "was not run":
                folder = store / "train" / train_address(place) / f"seed-{seed}"
                folder.mkdir(parents=True)
                recorded = ENVIRONMENT | made.environments.get((name, seed), {})
                (folder / "environment.json").write_text(json.dumps(recorded))
                if made.measured:
                    _measure(store, place, seed, random, (name, seed) not in made.lost)
                if code := made.codes.get((name, seed), made.code):
                    (folder / "recipe.yaml").write_text(f"code: {json.dumps(code)}\n")
    found = recipe.Recipe(
        stage="report",
        settings=ReportSettings(
            **{"study": "made-up", "partial": "was not run" in made.lost.values(), **made.settings}
        ),
        upstream=UPSTREAM,
    )
    folder = found.folder(store)
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(recipe.to_yaml(found))
    return folder


def seal(folder: Path) -> None:
    """Give a folder the receipt of its files as they are."""
    names = [path.name for path in folder.iterdir() if path.name not in ("receipt.json", "seal.json")]
    write_receipt(folder, small.stand_in(folder.parent.name, folder.name), file_digests(folder, names))


def _measure(store: Path, place: int, seed: int, random: np.random.Generator, finished: bool) -> None:
    """What training and evaluation of one run leave behind, beside its metrics."""
    train = store / "train" / train_address(place) / f"seed-{seed}"
    (train / "train.log").write_text("epoch 1\n")
    rows = ["epoch,split,loss,seconds,samples_per_second,peak_memory_mb"]
    for epoch in (1, 2):
        rows += [
            f"{epoch},train,1.5,{2 + place},{500 - place},{300 + seed}",
            f"{epoch},validation,1.5,0.5,4000,310",
        ]
    (train / "metrics.csv").write_text("\n".join([*rows, ""]))
    if not finished:
        return
    evaluated = store / "evaluate" / evaluate_address(place) / f"seed-{seed}"
    evaluated.mkdir(parents=True)
    counts = random.multinomial(36, np.full((10, 10), 0.005) + np.eye(10) * 0.95)
    hits, actual, predicted = np.diag(counts), counts.sum(1), np.maximum(counts.sum(0), 1)
    shares = zip(hits / predicted, hits / actual, 2 * hits / (actual + predicted), strict=True)
    per_class = [
        {"class": str(digit), "precision": float(p), "recall": float(r), "f1": float(f), "samples": 36}
        for digit, (p, r, f) in enumerate(shares)
    ]
    found = {
        "classes": [str(digit) for digit in range(10)],
        "confusion_matrix": counts.tolist(),
        "per_class": per_class,
    }
    (evaluated / "metrics.json").write_text(json.dumps(found))
    stage = small.stand_in("evaluate", evaluated.parent.name)
    write_receipt(evaluated, stage, file_digests(evaluated, ["metrics.json"]), seed=seed)


def evaluate_address(place: int) -> str:
    """The evaluate address of the variant at this place."""
    return f"{50 + place:012x}-abcdef03"


def train_address(place: int) -> str:
    """The train address of the variant at this place."""
    return f"{place:012x}-abcdef01"


def _runs(made: Made, random: np.random.Generator) -> list[list[Any]]:
    rows: list[list[Any]] = []
    shared = random.normal(0, made.noise, len(made.seeds))
    for name, effect in made.effects.items():
        own = random.normal(0, made.noise, len(made.seeds))
        for place, seed in enumerate(made.seeds):
            if (name, seed) in made.lost:
                rows.append([name, seed, "", "", made.lost[name, seed]])
                continue
            value = made.level + effect + shared[place] + own[place]
            if made.metric == "accuracy":
                value = min(1.0, round(value * 360) / 360)
            for metric, found in (
                (made.metric, value),
                ("f1_macro", min(1.0, value)),
                ("val_loss", 0.13 - effect + shared[place]),
                *((f"val_more_{index}", value + index) for index in range(made.more_metrics)),
            ):
                rows.append([name, seed, metric, float(found), "finished"])
    return rows


def _histories(made: Made, random: np.random.Generator) -> list[dict[str, Any]]:
    rows = []
    for place, (name, effect) in enumerate(made.effects.items()):
        for seed in made.seeds:
            lost = made.lost.get((name, seed))
            if lost == "was not run":
                continue
            wobble = random.normal(0, 0.006, made.epochs) + random.normal(0, 0.01)
            for epoch in range(1, (3 if lost else made.epochs) + 1):
                progress = np.exp(-epoch / (3 + 0.5 * place))
                loss = float(2.0 * progress + 0.13 - effect + abs(wobble[epoch - 1]))
                accuracy = float(min(1, made.level + effect - 0.8 * progress + wobble[epoch - 1]))
                rows.append(
                    {
                        "variant": name, "seed": seed, "epoch": epoch,
                        "train_loss": loss / 2, "val_loss": loss,
                        "train_accuracy": min(1.0, accuracy + 0.02), "val_accuracy": accuracy,
                        "learning_rate": 0.001,
                    }
                )  # fmt: skip
    return rows


def _variants(made: Made) -> list[dict[str, Any]]:
    training = {
        "epochs": made.epochs,
        "batch_size": 64,
        "learning_rate": 0.001,
        "optimizer": {"name": "adamw"},
    }
    return [
        {
            "name": name,
            "addresses": {
                "prepare": f"{99:012x}-abcdef02",
                "train": train_address(place),
                "evaluate": evaluate_address(place),
            },
            "seeds": list(made.seeds),
            "best_epochs": {str(s): 12 + s % 5 for s in made.seeds if (name, s) not in made.lost},
            "parameters": 12345 + 1000 * place,
            "classes": [str(digit) for digit in range(10)],
            "data": {
                "source": "digits",
                "samples": {"train": 1168, "validation": 269, "test": 360},
                "digest": "5f" * 32,
                **made.data,
            },
            "settings": {"task": "classification", "training": training},
        }
        for place, name in enumerate(made.effects)
    ]


def _csv(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


FOUR = Made(
    {"plain": 0.0, "wide": 0.0085, "deep": 0.001, "tiny": -0.02},
    lost={("tiny", 3): "diverged in epoch 3"},
    settings={"question": "Is wider better?", "overrides": {"wide": {"model.widths": [128, 128]}}},
    measured=True,
)


class Page(HTMLParser):
    """The text of a page, its tags and their attributes; refuses tags that do not match."""

    VOID = ("meta", "link", "img", "br", "wbr", "input", "path", "use", "rect")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source, self.text = source, ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open and "script" not in self._open:
            self.text += data.replace("\N{NO-BREAK SPACE}", " ")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def rendered(store: Path, made: Made) -> tuple[Path, Page]:
    """The report's folder and its page."""
    folder = make(store, made)
    render.render(recipe.from_yaml(folder / "recipe.yaml"), store, folder)
    return folder, Page((folder / "report.html").read_text())


def written(store: Path, made: Made) -> Page:
    """The page of a store to be made, without its figures."""
    return page_of(make(store, made), store)


def page_of(folder: Path, store: Path) -> Page:
    """The page without its figures, which take most of the time."""
    return Page(render.html(said(folder, store).values | {"drawings": {}}))


def said(folder: Path, store: Path) -> Content:
    """What the report says, without its figures."""
    return content(gather(recipe.from_yaml(folder / "recipe.yaml"), store), store)


def compared(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(next(folder.parents[1].glob("compare/*/comparisons.json")).read_text())
    return found


def warnings(page: Page) -> str:
    """The text of the warnings, which stand before the title."""
    return page.text.partition("Read this first")[2].partition("\nStudy ")[0]
