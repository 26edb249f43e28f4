"""Recipe files read fast say what YAML's own parser says of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import small
import yaml
from assay import plain_recipes
from assay.errors import UserError
from assay.recipe import Recipe, to_yaml
from assay.settings.data import DataSettings
from assay.settings.stages import PrepareSettings
from assay.settings.validate import validate
from assay.yamlfile import dump

TEXTS = (
    *(
        "",
        " ",
        "a",
        "off",
        "1",
        "1.5",
        "1e3",
        "null",
        "~",
        "0a",
        "é",
        "- a",
        "? a",
        ": a",
        "# a",
        "a: b",
        "a #b",
    ),
    *(
        "*id001",
        "&id001",
        "!a",
        "|",
        ">",
        "a\nb",
        "a\n\nb\n",
        "\n",
        " a",
        "a ",
        "'",
        '"',
        "'a'",
        "{a: 1}",
        "[a]",
    ),
    *("a, b=1.5", "-a", "--- a", "...", "\t", "\x85", "a\u2028b", "x" * 130, "word " * 60, "'\n\n  b: 1.5\n"),
    *("0123456789ab-01234567", "2026-01-01", "0x1f", "=", "<<"),
    *(
        "variant",
        "variant a=1.5",
        "variant =",
        "variant a: b",
        "rate=0.001",
        "yes=no",
        "yes",
        "a=1:2",
        "a= b",
    ),
)
KEYS = ("key", "other.key", "code", "variant", "variant rate=0.1") * 10
NUMBERS = (0, 1, -1, 10**20, True, False, None, 0.0, 0.5, -0.5, 1e-7, 1e300, 123456.75, 0.001001)


def content(draw: random.Random, depth: int) -> Any:
    kind = draw.random()
    if depth and kind < 0.4:
        return {draw.choice(TEXTS): content(draw, depth - 1) for _ in range(draw.randrange(4))}
    if depth and kind < 0.6:
        return [content(draw, depth - 1) for _ in range(draw.randrange(4))]
    return draw.choice(TEXTS if kind < 0.8 else NUMBERS)


def recipe(epochs: int = 1) -> Recipe:
    data, _ = validate(DataSettings, {})
    assert data is not None
    prepare = Recipe("prepare", PrepareSettings(data=data))
    settings = small.settings(training={"epochs": epochs})
    return Recipe("train", settings, {"prepare": prepare.address}, {"prepare": prepare})


@pytest.mark.parametrize("seed", range(300))
def test_any_mapping_is_read_as_yaml_reads_it(seed: int) -> None:
    draw = random.Random(seed)
    whole = {draw.choice((*TEXTS, *KEYS)): content(draw, 4) for _ in range(4)}
    text = dump(whole)
    assert repr(plain_recipes.parse(text)) == repr(yaml.safe_load(text)) == repr(whole)


def test_a_value_that_stands_in_two_places_is_read() -> None:
    shared = [1, {"a": "b"}]
    text = dump({"one": {"x": shared}, "two": {"x": shared}})
    assert "*id" in text and plain_recipes.parse(text) == {"one": {"x": shared}, "two": {"x": shared}}


def test_equal_parts_of_recipes_are_one_object() -> None:
    one, other = (plain_recipes.parse(to_yaml(recipe(n)).partition("\n")[2]) for n in (1, 2))
    assert one["settings"]["training"]["epochs"] == 1 and other["settings"]["training"]["epochs"] == 2
    assert one["code"] is other["code"] and one["settings"]["model"] is other["settings"]["model"]


def test_a_file_that_a_user_has_edited_is_checked(tmp_path: Path) -> None:
    file, text = tmp_path / "recipe.yaml", to_yaml(recipe())
    file.write_text(text)
    written = plain_recipes.read(file)
    assert written == plain_recipes.written(file)
    file.write_text(f"{text}# a note\n")
    assert plain_recipes.written(file) is None and plain_recipes.read(file) == written | {"made_by": {}}
    file.write_text(text.replace("epochs:", "epoch:"))
    with pytest.raises(UserError, match="epoch: unknown key"):
        plain_recipes.read(file)
    file.unlink()
    with pytest.raises(UserError, match="cannot be read"):
        plain_recipes.read(file)
