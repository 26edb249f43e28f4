"""Which rules train and evaluate, and which results each of them makes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from assay.cohorts.rules import train_rules
from assay.jobs import jobs
from assay.plan import Plan, load_plan
from assay.rule_files import RuleFiles
from stores import PLAIN, TAUGHT, fill, write_study


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A study of which two variants read one another's runs, and another one; nothing is computed."""
    monkeypatch.chdir(tmp_path)
    write_study("plain", {**PLAIN, "seeds": 9})
    write_study("taught", TAUGHT)
    return load_plan({"study": ["plain", "taught"]})


def made(plan: Plan, cores: int | None, number: int | str, is_main: bool = True) -> dict[str, list[str]]:
    """Receipt → the rules that make it, found as Snakemake finds them: by the patterns of their outputs."""
    wanted_receipts = [
        (job.recipe.stage, job.recipe.address, job.part)
        for study in plan.studies
        for job in jobs(study)
        if job.recipe.stage == "evaluate" or (job.recipe.stage == "train" and study.study.name == "taught")
    ]
    found: dict[str, list[str]] = {}
    own_plan = replace(plan, machine=plan.machine.model_copy(update={"seeds_per_job": number}))
    rules = list(train_rules(RuleFiles(own_plan), cores, is_main))
    assert len({rule.name for rule in rules}) == len(rules)
    shared = [rule for rule in rules if rule.shared]
    assert len({rule.log for rule in shared}) == len(shared)
    for rule in shared:
        assert len(repr(rule)) < 1_000, (
            "Snakemake takes the text of whatever rules are given, again and again"
        )
        nothing = SimpleNamespace()
        assert {str(Path(name).parents[1] / "recipe.yaml") for name in rule.outputs} == {
            *rule.recipes(nothing)
        }
        assert not {*rule.outputs} & {*rule.read(nothing)}, "a job would wait for itself"
    for stage, address, part in wanted_receipts:
        receipt = f"{plan.store}/{stage}/{address}/{part}/receipt.json"
        own = found.setdefault(receipt, [])
        for rule in rules:
            if address not in rule.addresses.split("|") and "[" not in rule.addresses:
                continue
            values = {"stage": stage, "address": address, "seed": part.removeprefix("seed-")}
            if receipt in [output.format(**values) for output in rule.outputs]:
                own.append(rule.name)
                computed = rule.computed(SimpleNamespace(**values))  # type: ignore[arg-type]
                own_seeds = [item.seeds for item in computed if item.recipe.address == address]
                assert any(int(values["seed"]) in seeds for seeds in own_seeds)
    return found


@pytest.mark.parametrize("number", [1, 2, 4, 100, "auto"])
def test_each_result_is_made_by_one_rule(plan: Plan, number: int | str) -> None:
    for receipt, names in made(plan, 2, number).items():
        assert len(names) == 1, receipt
    on_a_cluster = made(plan, None, number)
    for receipt, names in on_a_cluster.items():
        assert len(names) == 1, receipt
        assert set(names) <= set(made(plan, None, number, is_main=False)[receipt])  # where it is computed


def test_what_is_trained_is_evaluated_by_a_rule_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_study("plain", {**PLAIN, "seeds": 4})
    fill("plain")
    evaluation = {"evaluation": {"split": "validation"}}
    write_study("plain", {**PLAIN, "seeds": 4, "base": {**PLAIN["base"], **evaluation}})
    assert {name for [name] in made(load_plan({"study": "plain"}), 2, 1).values()} == {"evaluate"}
    write_study("plain", {**PLAIN, "seeds": 6})
    names = {name for names in made(load_plan({"study": "plain"}), 1, 2).values() for name in names}
    assert names == {"train_2_seeds_from_4"}  # of what is finished nothing is made again
    names = {name for names in made(load_plan({"study": "plain"}), 1, "auto").values() for name in names}
    assert names == {"train_1_of_1"}
    write_study("plain", {**PLAIN, "seeds": 6, "base": {**PLAIN["base"], **evaluation}})
    names = {name for names in made(load_plan({"study": "plain"}), 1, "auto").values() for name in names}
    assert names == {"train_1_of_1"}  # some of its seeds are not trained
    more = {**PLAIN["variants"], "new": {"model.widths": [3]}}
    write_study("plain", {**PLAIN, "seeds": 4, "base": {**PLAIN["base"], **evaluation}, "variants": more})
    names = {name for names in made(load_plan({"study": "plain"}), 1, "auto").values() for name in names}
    assert names == {"train_1_of_1", "evaluate_1_of_1"}


def test_a_finished_result_without_its_receipt_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another call has deleted it, as Snakemake does before a job starts, and holds the result."""
    monkeypatch.chdir(tmp_path)
    write_study("plain", {**PLAIN, "seeds": 4})
    fill("plain")
    write_study("other", {**PLAIN, "seeds": 2, "base": {"model": {"name": "mlp", "widths": [3]}}})
    plan = load_plan({"study": ["plain", "other"]})
    receipt = next((tmp_path / "results/evaluate").glob("*/seed-2/receipt.json"))
    receipt.unlink()
    rules = train_rules(RuleFiles(plan), 1, True)
    assert [receipt for rule in rules for receipt in rule.outputs].count(
        str(receipt.relative_to(tmp_path))
    ) == 1
