"""Snakemake's own ways, the command `assay`, and the views, on a finished study."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from assay.commands import arguments
from assay.recipe import from_yaml
from assay.settings.config import MachineSettings

from workflow.conftest import Outcome, Project


def assay(project: Project, *arguments: str) -> Outcome:
    return project.python("-m", "assay.command.main", *arguments, PYTHONPATH="scripts")


def test_a_dry_run_says_what_and_why(project: Project) -> None:
    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 3")
    text = project.snakemake("-n").text
    assert "rule train:" in text and "reason: Missing output files" in text


def test_snakemakes_report_has_captions_categories_and_labels(project: Project) -> None:
    outcome = project.snakemake("--report", "report.zip")
    assert outcome.code == 0, outcome.text
    with zipfile.ZipFile(project.root / "report.zip") as file:
        names = file.namelist()
        text = "".join(
            file.read(name).decode(errors="replace") for name in names if name.endswith((".html", ".js"))
        )
    assert any(name.endswith("report.html") for name in names)
    for words in ("small", "differences", "learning-curves", "All metrics", "Holm"):
        assert words in text, words


def test_lint_finds_nothing(project: Project) -> None:
    outcome = project.snakemake("--lint")
    assert outcome.code == 0, outcome.text


def test_views_lead_to_everything(project: Project) -> None:
    view = project.results / "studies/small"
    for name in (
        "report.html",
        "report.md",
        "runs.csv",
        "summary.csv",
        "comparisons.csv",
        "figures/differences.png",
    ):
        assert (view / name).stat().st_size > 0, name
    for variant in ("plain", "focal"):
        for seed in (0, 1):
            assert json.loads((view / variant / f"seed-{seed}/receipt.json").read_text())["seed"] == seed
            assert (view / variant / f"evaluation/seed-{seed}/metrics.json").exists()


def test_views_follow_a_renamed_variant(project: Project) -> None:
    project.edit("config/studies/small.yaml", "  focal:", "  a/b <i>:")
    outcome = project.snakemake()
    assert outcome.code == 0, outcome.text
    view = project.results / "studies/small"
    names = sorted(path.name for path in view.iterdir() if path.is_dir() and not path.is_symlink())
    assert names == ["a%2Fb %3Ci%3E", "plain"]
    assert "a/b &lt;i&gt;" in (view / "report.html").read_text()


def test_assay_runs_lists_filters_and_orders(project: Project) -> None:
    found = json.loads(assay(project, "runs", "--best", "accuracy", "--format", "json").text)
    assert len(found) == 4
    accuracies = [run["accuracy"] for run in found]
    assert accuracies == sorted(accuracies, reverse=True)
    table = assay(project, "runs", "--study", "small/focal", "--format", "csv").text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["seed"] for row in rows] == ["0", "1"]
    assert {row["studies"] for row in rows} == {"small/focal"}
    metrics = json.loads((project.results / "studies/small/focal/evaluation/seed-0/metrics.json").read_text())
    assert float(rows[0]["accuracy"]) == metrics["metrics"]["accuracy"]
    outcome = assay(project, "runs", "--best", "acuracy")
    assert outcome.code == 1 and "'accuracy'" in outcome.text and "Traceback" not in outcome.text


def test_assay_show_tells_one_run(project: Project) -> None:
    by_view = json.loads(assay(project, "show", "small/focal/seed-1", "--json").text)
    assert by_view["seed"] == 1 and by_view["settings"]["loss"]["name"] == "focal"
    address = by_view["address"]
    assert json.loads(assay(project, "show", f"{address[:8]}/1", "--json").text) == by_view
    outcome = assay(project, "show", "nothing")
    assert outcome.code == 1 and "assay runs" in outcome.text


def test_assay_status_counts(project: Project) -> None:
    assert "4 runs: 4 done" in assay(project, "status", "small").text
    project.edit("config/studies/small.yaml", "seeds: 2", "seeds: 3")
    assert "6 runs: 4 done, 2 missing" in assay(project, "status", "small").text


def test_assay_report_says_where(project: Project) -> None:
    assert assay(project, "report", "small").text.strip() == "Report: results/studies/small/report.html"


@pytest.mark.parametrize("program", ["prepare", "train", "evaluate", "aggregate", "compare", "report"])
def test_every_program_explains_itself(project: Project, program: str) -> None:
    outcome = project.python(f"scripts/{program}.py", "--help")
    assert outcome.code == 0 and "--out" in outcome.text


def test_an_evaluation_of_another_run_is_refused(project: Project) -> None:
    plain = (project.results / "studies/small/plain/evaluation/seed-0").resolve()
    focal = (project.results / "studies/small/focal/seed-0").resolve()
    data = next(project.results.glob("prepare/*/fixed"))
    arguments = (
        "scripts/evaluate.py", "--recipe", str(plain.parent / "recipe.yaml"), "--run", str(focal),
        "--prepared", str(data), "--out", "other",
    )  # fmt: skip
    outcome = project.python(*arguments)
    assert outcome.code == 1
    assert focal.parent.name in outcome.text and "--allow-mismatch" in outcome.text
    assert project.python(*arguments, "--allow-mismatch").code == 0


def test_a_damaged_checkpoint_is_refused(project: Project) -> None:
    run = (project.results / "studies/small/plain/seed-0").resolve()
    evaluation = (project.results / "studies/small/plain/evaluation/seed-0").resolve()
    content = bytearray((run / "best.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (run / "best.pt").write_bytes(content)
    for name in ("receipt.json", "seal.json"):  # or the receipt is put back
        (evaluation / name).unlink()
    outcome = project.snakemake(str(evaluation.relative_to(project.root) / "receipt.json"))
    assert outcome.code == 1
    assert "best.pt: is damaged" in outcome.text and "Traceback" not in outcome.text


def test_plain_snakemake_uses_the_default_profile(finished: Project) -> None:
    assert "workflow specific profile profiles/default" in finished.snakemake("-n").text


def test_a_job_of_the_workflow_does_not_read_the_configuration(project: Project) -> None:
    """It may be edited while the job waits or trains."""
    run = sorted(project.results.glob("train/*/seed-0"))[0]
    [prepared] = project.results.glob("prepare/*/fixed")
    recipe = from_yaml(run / "recipe.yaml")
    machine = MachineSettings(device="cpu")
    given = arguments(recipe, "seed-0", run / "recipe.yaml", [prepared], machine, project.results)
    (project.root / "config/config.yaml").write_text("study: [")
    outcome = project.python("scripts/train.py", *given, "--out", "again")
    assert outcome.code == 0, outcome.text
    again = json.loads((project.root / "again/receipt.json").read_text())
    assert again == json.loads((run / "receipt.json").read_text())
    assert "config.yaml" in project.python("scripts/train.py", "--seed", "1").text
