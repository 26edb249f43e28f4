"""`assay diff`: runs, variants, studies and recipes, compared by all that is known of them. Nothing is trained."""

from __future__ import annotations

import argparse
import copy
import json
import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import stores
from assay.command import diff
from assay.digest import file_digest
from assay.jobs import jobs
from assay.jsonfile import to_json
from assay.plan import load_plan
from assay.receipt import write_receipt
from assay.recipe import Recipe, to_yaml
from assay.store import RECIPE, seed_of
from assay.views import make_views

STUDY: dict[str, Any] = {
    "base": {"model": {"name": "mlp", "widths": [4]}, "training.epochs": 3},
    "variants": {"plain": {}, "focal": {"loss": "focal"}, "wide": {"model.widths": [9]}},
    "seeds": 2,
}
ENVIRONMENT = {
    "versions": {"torch": "2.9.0", "numpy": "2.3.1"}, "device": "cpu", "git": {"commit": "a" * 40, "dirty": False},
    "host": "one", "started": "2026-01-01", "command": ["x"], "job": {"SLURM_JOB_ID": "1"},
}  # fmt: skip


def rows(value: float) -> list[dict[str, Any]]:
    """A history of three epochs; the last is the best."""
    return [{"epoch": n, "train_loss": 2 / n, "val_loss": value / n, "val_accuracy": 0.5} for n in (1, 2, 3)]


def trace() -> list[dict[str, Any]]:
    """A trace of three epochs, each of four steps."""
    steps = ["aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"]
    tensors = {"model.weight": "1" * 8, "model.bias": "2" * 8}
    row = {"steps": "".join(steps), "tensors": tensors, "optimizers": {"model": "3" * 8}, "streams": "4" * 8}
    return [{"epoch": n, **copy.deepcopy(row)} for n in (1, 2, 3)]


def finish(
    recipe: Recipe,
    folder: Path,
    history: list[dict[str, Any]],
    traced: list[dict[str, Any]] | None,
    environment: dict[str, Any],
    **facts: Any,
) -> None:
    """A finished run."""
    folder.mkdir(parents=True)
    best = {"best_epoch": len(history), "status": "finished"}
    (folder / "history.json").write_text(to_json({**best, "history": history}))
    (folder / "environment.json").write_text(json.dumps(environment))
    (folder / RECIPE).write_text(to_yaml(recipe))
    if traced is not None:
        (folder / "trace.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in traced))
    names = ["history.json", *(["trace.jsonl"] if traced is not None else [])]
    digests = {name: file_digest(folder / name) for name in names}
    write_receipt(folder, recipe, digests, **{"seed": seed_of(folder), **best, "data": "5" * 64, **facts})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose study has its runs and, of two variants, evaluations."""
    folder = tmp_path_factory.mktemp("made")
    with chdir(folder):
        fill()
    return folder


@pytest.fixture(autouse=True)
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of it to work in."""
    shutil.copytree(made, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(tmp_path / "project")


def fill() -> None:
    stores.write_study("study", STUDY)
    Path("config/config.yaml").write_text("study: study\n")
    plan = load_plan()
    plan.write_recipes()
    for job in jobs(plan.studies[0]):
        folder, place = job.folder(plan.store), ["plain", "focal", "wide", None].index(job.variant)
        if job.recipe.stage == "train":
            finish(job.recipe, folder, rows(3.0 + place + seed_of(folder)), trace(), ENVIRONMENT)
        elif job.recipe.stage == "evaluate" and job.variant != "wide":
            folder.mkdir()
            content = {"metrics": {"accuracy": 0.9 - 0.1 * place - 0.01 * seed_of(folder), "f1": 0.5}}
            (folder / "metrics.json").write_text(to_json(content))
            write_receipt(folder, job.recipe, {"metrics.json": file_digest(folder / "metrics.json")}, seed=0)
    make_views(plan)


def again(name: str = "again/seed-0", **changes: Any) -> str:
    """A run like study/plain/seed-0, in a folder of its own."""
    recipe = load_plan().studies[0].variants[0].train
    finish(
        recipe, Path(name), **{"history": rows(3.0), "traced": trace(), "environment": ENVIRONMENT, **changes}
    )
    return name


def called(*names: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    parser = argparse.ArgumentParser()
    diff.add_arguments(parser)
    try:
        diff.run(parser.parse_args(names))
    except SystemExit as error:
        return int(error.code or 0), ""
    return 0, ""


def told(capsys: pytest.CaptureFixture[str], *names: str, code: int = 1) -> str:
    capsys.readouterr()
    assert called(*names)[0] == code
    printed = capsys.readouterr()
    assert max(map(len, printed.out.splitlines()), default=0) <= 100
    return printed.err if code == 2 else printed.out


def sections(text: str) -> dict[str, list[str]]:
    """Title → lines, of what follows the two names."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in text.split("\n\n", 1)[1].splitlines():
        if line.startswith(" "):
            found[title].append(line.strip())
        else:
            title = line
            found[title] = []
    return found


def test_runs_that_are_equal_are_so_on_any_host(capsys: pytest.CaptureFixture[str]) -> None:
    other = {**ENVIRONMENT, "host": "two", "started": "later", "command": ["y"], "job": {}}
    name = again(environment=other)
    assert (
        told(capsys, "study/plain/seed-0", name, code=0)
        == f"equal: study/plain/seed-0 and {name} (on one and two)\n"
    )
    assert told(capsys, "study", "study", code=0) == "equal: study and study\n"


def test_two_runs_differ_in_every_section(capsys: pytest.CaptureFixture[str]) -> None:
    found = sections(told(capsys, "study/plain/seed-0", "study/focal/seed-0"))
    assert found == {
        "settings": [
            "loss.name: cross_entropy | focal",
            "loss.label_smoothing: 0.0 | not set",
            "loss.gamma: not set | 2.0",
        ],
        "code": ["reached only in A: assay.losses.cross_entropy", "reached only in B: assay.losses.focal"],
        "metrics (test part, best weights)": ["accuracy  0.9 | 0.8  (-0.1)"],
        "histories part": ["epoch 1", "val_loss  3 | 4  (+1)"],
        "files that differ: history.json; equal: trace.jsonl": [],
    }
    # only one of these has an evaluation
    found = sections(told(capsys, "study/plain/seed-1", "study/wide/seed-1"))
    assert found["metrics (validation part, best epoch)"] == ["val_loss  1.333 | 2  (+0.6667)"]
    assert sections(told(capsys, "study/plain/seed-0", "study/plain/seed-1"))["settings"] == ["seed: 0 | 1"]


def test_what_a_run_was_computed_with_and_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    other = copy.deepcopy(ENVIRONMENT) | {"host": "two"}
    other["versions"]["torch"] = "2.10.0"  # type: ignore[index]
    other["git"]["commit"] = "b" * 40  # type: ignore[index]
    name = again(
        environment=other,
        history=rows(3.0)[:2],
        traced=trace()[:2],
        status="diverged in epoch 2",
        data="6" * 64,
    )
    found = sections(told(capsys, "study/plain/seed-0", name))
    assert found["environment"] == [
        'versions.torch: "2.9.0" | "2.10.0"',
        "git.commit: aaaaaaaaaaaa | bbbbbbbbbbbb",
    ]
    assert "host: one | two" in found
    assert found["data"] == ["prepared data: content 555555555555 | content 666666666666"]
    [title] = [title for title in found if title.startswith("metrics")]
    assert found[title][:2] == ["status: finished | diverged in epoch 2", "best_epoch: 3 | 2"]
    assert found["histories part"] == [
        "epoch 3, which only one has; those before are equal",
        "epochs  3 | 2  (-1)",
    ]


def test_a_trace_tells_the_step_and_the_tensors(capsys: pytest.CaptureFixture[str]) -> None:
    traced, history = trace(), rows(3.0)
    traced[1]["steps"] = "aaaaaaaabbbbbbbbxxxxxxxxdddddddd"
    traced[1]["tensors"]["model.bias"] = "9" * 8
    history[1]["train_loss"] = 1.0000000001
    name = again(history=history, traced=traced)
    text = told(capsys, "study/plain/seed-0", name)
    lines = sections(text)["histories part"]
    assert " ".join(lines[:-1]) == (
        "epoch 2, step 3: the loss or a metric of the batch; different after the epoch: the tensor model.bias"
    )
    assert lines[-1] == "train_loss  1 | 1.0000000001  (+1e-10)"
    assert list(sections(text)) == ["histories part", "files that differ: history.json, trace.jsonl"]
    after = trace()
    after[2]["streams"] = "9" * 8
    for name, rows_of in (("never", trace()), ("later", after)):  # the trace shows it later, or not at all
        other = again(f"{name}/seed-0", traced=rows_of, history=history)
        assert sections(told(capsys, "study/plain/seed-0", other))["histories part"][0] == "epoch 2"
    late = trace()
    late[0]["streams"] = "9" * 8  # before the history shows it
    before = again("before/seed-0", traced=late, history=history)
    lines = sections(told(capsys, "study/plain/seed-0", before))["histories part"]
    assert lines[0].startswith("epoch 1, after its last step") and "train_loss" not in " ".join(lines)
    old = again("old/seed-0", traced=None, history=history)
    assert sections(told(capsys, "study/plain/seed-0", old))["histories part"][0] == "epoch 2"


def test_variants_are_compared_by_the_means_of_shared_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    found = sections(told(capsys, "study/plain", "study/focal"))
    assert found["metrics (test part, best weights, means of 2 seeds)"] == ["accuracy  0.895 | 0.795  (-0.1)"]
    found = sections(told(capsys, "study/plain", "study/wide"))
    assert found["metrics (validation part, best epoch, means of 2 seeds)"] == [
        "val_loss  1.167 | 1.833  (+0.6667)"
    ]
    # a variant is compared with a run by its run of the same seed
    found = sections(told(capsys, "study/focal/seed-1", "study/plain"))
    assert found["metrics (test part, best weights)"] == ["accuracy  0.79 | 0.89  (+0.1)"]
    assert found["settings"][0] == "loss.name: focal | cross_entropy"


def test_studies_are_compared_with_their_variants_in_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    variants = {"plain": {}, "focal": {"loss": "focal"}, "deep": {"model.widths": [4, 4]}}
    changed = {
        **STUDY,
        "variants": variants,
        "seeds": 3,
        "comparisons": {"alpha": 0.01, "metric": "accuracy"},
    }
    changed["base"] = {**STUDY["base"], "training.learning_rate": 0.01}
    stores.write_study("other", changed)
    assert told(capsys, "study", "other").splitlines() == [
        "study",
        "  seeds: [0, 1] | [0, 1, 2]",
        "  comparisons.alpha: 0.05 | 0.01",
        "variants only in A: wide",
        "variants only in B: deep",
        "variants plain, focal",
        "  settings",
        "    training.learning_rate: 0.001 | 0.01",
    ]
    assert "is a study and 'study/plain' is none; name one of its variants: study/plain, " in told(
        capsys, "study", "study/plain", code=2
    )


def test_recipes_are_compared_as_files_and_by_address(capsys: pytest.CaptureFixture[str]) -> None:
    plain, _, wide = load_plan().studies[0].variants
    files = [f"results/train/{item.train.address}/{RECIPE}" for item in (plain, wide)]
    expected = {"settings": ["model.widths: [4] | [9]"]}
    assert sections(told(capsys, *files)) == expected
    assert sections(told(capsys, plain.train.address[:9], wide.train.address)) == expected
    assert sections(told(capsys, plain.train.address, f"{wide.train.address}/1")) == expected
    measured = [f"results/evaluate/{item.measured.address}" for item in (plain, wide)]
    assert sections(told(capsys, *measured)) == expected
    assert sections(told(capsys, files[0], measured[1])) == expected  # what is evaluated
    text = told(capsys, files[0], f"results/compare/{load_plan().studies[0].compare.address}", code=2)
    assert "is a recipe of train and " in text and "one of compare" in text


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("studi", "'study'"), ("study/plian", "'study/plain'"), ("stud/plain/seed-0", "'study/plain/seed-0'"), ("abcdef0123", "")],
)  # fmt: skip
def test_a_name_that_means_nothing_leads_to_the_nearest(
    capsys: pytest.CaptureFixture[str], name: str, nearest: str
) -> None:
    text = told(capsys, name, "study", code=2)
    start = f"error: {name!r} is no run, variant, study or recipe file"
    assert text.startswith(f"{start}; the nearest names: {nearest}" if nearest else f"{start}\n")
    assert text.count("\n") == 1


def test_damage_is_named_and_programs_get_the_exact_values(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert called("study/plain/seed-0", "study/focal/seed-0", "--json")[0] == 1
    found = json.loads(capsys.readouterr().out)
    assert found["equal"] is False
    assert found["metrics"] == [{"name": "accuracy", "old": 0.9, "new": 0.8, "difference": 0.8 - 0.9}]
    assert found["settings"][1] == {"key": "loss.label_smoothing", "old": 0.0}
    assert found["parting"]["values"] == [{"key": "val_loss", "old": 3.0, "new": 4.0}]
    Path("results/studies/study/focal/seed-0/history.json").write_text("{}")
    assert "history.json: is damaged" in told(capsys, "study/plain/seed-0", "study/focal/seed-0", code=2)
