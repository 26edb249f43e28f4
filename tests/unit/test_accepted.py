"""The ledger of accepted code: what it does to addresses, what it refuses, what is supposed for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from assay import accepted, closure
from assay.accepted import Entry, original
from assay.errors import UserError
from assay.recipe import Recipe
from assay.settings.data import DataSettings
from assay.settings.stages import PrepareSettings
from assay.yamlfile import read

EVIDENCE = {"seed": 0, "epochs": "2 of 2", "digests": {"best.pt": "ab"}}


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(accepted, "LEDGER", tmp_path / "accepted.yaml")
    accepted.forget()
    yield tmp_path / "accepted.yaml"
    accepted.forget()


def entry(code: str, same_as: str = "aaaaaaaa", recipe: str = "0123456789ab", **changes: Any) -> Entry:
    facts = {"accepted": "2026-01-02", "made_for": "digits/plain", "changed": ["assay.models.mlp"]}
    return Entry(
        **{
            "stage": "train",
            "recipe": recipe,
            "code": code,
            "same_as": same_as,
            "evidence": EVIDENCE,
            **facts,
            **changes,
        }
    )


def test_without_a_ledger_code_is_what_it_is() -> None:
    assert original("train", "0123456789ab", "bbbbbbbb") == "bbbbbbbb"
    assert accepted.entries() == []


def test_an_entry_counts_for_its_stage_recipe_and_code_alone() -> None:
    accepted.add([entry("bbbbbbbb")])
    assert original("train", "0123456789ab", "bbbbbbbb") == "aaaaaaaa"
    assert original("train", "0123456789ab", "cccccccc") == "cccccccc"
    assert original("train", "ffffffffffff", "bbbbbbbb") == "bbbbbbbb"
    assert original("evaluate", "0123456789ab", "bbbbbbbb") == "bbbbbbbb"
    assert original("train", "0123456789ab", "aaaaaaaa") == "aaaaaaaa"


def test_entries_are_kept_and_replaced_by_recipe_and_code(ledger: Path) -> None:
    accepted.add([entry("bbbbbbbb")])
    accepted.add([entry("cccccccc"), entry("bbbbbbbb", message="again")])
    assert [(item.code, item.message) for item in accepted.entries()] == [
        ("bbbbbbbb", "again"),
        ("cccccccc", ""),
    ]
    first, second = read(ledger).content["accepted"]
    assert list(first)[-2:] == ["message", "evidence"] and "message" not in second
    assert second["evidence"] == EVIDENCE
    assert ledger.read_text().startswith("# Code that was changed and gives the same bits")


def test_digits_stay_text(ledger: Path) -> None:
    """Half of an address may look like a number, 12345678 or 1e234567."""
    accepted.add([entry("12345678", "1e234567", "000000000012")])
    assert original("train", "000000000012", "12345678") == "1e234567"


def test_a_recipe_keeps_the_address_that_the_ledger_gives_it(tmp_path: Path) -> None:
    settings = PrepareSettings(data=DataSettings(source={"name": "digits"}))
    recipe = Recipe("prepare", settings)
    config, _, code = recipe.address.partition("-")
    item = entry(code, "aaaaaaaa", config, stage="prepare")
    with accepted.supposing([item], tmp_path / "supposed.yaml"):
        assert Recipe("prepare", settings).address == f"{config}-aaaaaaaa"
        assert Path(os.environ[accepted.OTHER_LEDGER]).samefile(tmp_path / "supposed.yaml")
    assert Recipe("prepare", settings).address == recipe.address
    assert closure.digest(dict(recipe.code)).startswith(code)


def test_what_is_supposed_is_not_written(ledger: Path, tmp_path: Path) -> None:
    accepted.add([entry("bbbbbbbb")])
    before = ledger.read_bytes()
    with (
        pytest.raises(ZeroDivisionError),
        accepted.supposing([entry("cccccccc")], tmp_path / "supposed.yaml"),
    ):
        assert original("train", "0123456789ab", "cccccccc") == "aaaaaaaa"
        assert original("train", "0123456789ab", "bbbbbbbb") == "aaaaaaaa"
        raise ZeroDivisionError
    assert original("train", "0123456789ab", "cccccccc") == "cccccccc"
    assert ledger.read_bytes() == before and accepted.OTHER_LEDGER not in os.environ


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accepted: [{stage: train}]", "is not a ledger"),
        ("accepted: {stage: train}", "is not a ledger"),
        ("just text", "is not a ledger"),
        ("accepted: [", "is not valid YAML"),
        ("<<<<<<< HEAD\naccepted: []\n", "is not valid YAML"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused(ledger: Path, text: str, said: str) -> None:
    ledger.write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        original("train", "0123456789ab", "bbbbbbbb")
    assert str(ledger) in str(caught.value)


def test_a_number_where_text_must_be_is_refused(ledger: Path) -> None:
    accepted.add([entry("12345678")])
    ledger.write_text(ledger.read_text().replace("'12345678'", "12345678"))
    accepted.forget()
    with pytest.raises(UserError, match="must be text"):
        accepted.entries()


def test_two_branches_that_disagree_are_named(ledger: Path) -> None:
    """As after a merge: both entries are there. Which results count must not depend on their order."""
    accepted.add([entry("bbbbbbbb")])
    text = ledger.read_text()
    item = text[text.index("- stage") :]
    ledger.write_text(text + item)
    accepted.forget()
    assert original("train", "0123456789ab", "bbbbbbbb") == "aaaaaaaa"
    ledger.write_text(text + item.replace("aaaaaaaa", "dddddddd"))
    accepted.forget()
    with pytest.raises(UserError, match="the same as aaaaaaaa and as dddddddd"):
        accepted.entries()
