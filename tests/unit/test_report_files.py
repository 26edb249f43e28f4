"""The report's files: the same each time, asking nothing of anyone, escaping everything."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from assay import recipe
from assay.errors import UserError
from assay.report import render
from assay.report.inputs import gather
from report_fixture import FOUR, UPSTREAM, Made, Page, make, rendered, train_address

SCRIPTS = Path(render.__file__).parents[2]
HOSTILE = '<script>alert(1)</script> $x_1^2$ & "q"'


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    return rendered(tmp_path_factory.mktemp("four"), FOUR)


def test_is_the_same_each_time_and_wherever_the_store_is(tmp_path: Path) -> None:
    first, _ = rendered(tmp_path / "a", FOUR)
    second, _ = rendered(tmp_path / "b" / "c", FOUR)
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert len(names) == 2 + 6 + 3  # pages, figures, recipe, receipt and seal
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_the_receipt_has_the_digest_of_each_file(four: tuple[Path, Page]) -> None:
    folder, _ = four
    receipt = json.loads((folder / "receipt.json").read_text())
    assert receipt["status"] == "finished"
    figures = [
        f"figures/{n}.{k}" for n in ("differences", "learning-curves", "seeds") for k in ("png", "svg")
    ]
    assert list(receipt["digests"]) == [*figures, "report.html", "report.md"]
    for name, digest in receipt["digests"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_asks_nothing_of_anyone(four: tuple[Path, Page]) -> None:
    _, page = four
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "img", "iframe", "object")]
    for _, attributes in page.tags:
        for name, value in attributes.items():
            assert name not in ("src", "srcset", "data", "action")
            assert not name.endswith("href") or str(value).startswith("#")
    assert set(re.findall(r"url\((.)", page.source)) <= {"#"}
    assert "@import" not in page.source


def test_what_is_referred_to_is_there_once(four: tuple[Path, Page]) -> None:
    source = four[1].source
    ids = re.findall(r'\bid="([^"]+)"', source)
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)|aria-labelledby="([^"]+)"', source)
    assert used
    assert {next(filter(None, found)) for found in used} <= set(ids)


def test_figures_are_drawn_and_described(four: tuple[Path, Page]) -> None:
    folder, page = four
    pictures = page.all("svg")
    assert len(pictures) == 3
    assert all(p["role"] == "img" and len(str(p["aria-label"])) > 60 for p in pictures)
    for name in ("differences", "seeds", "learning-curves"):
        assert (folder / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        drawn = (folder / f"figures/{name}.svg").read_text()
        assert len(drawn) > 10_000
        assert "dc:date" not in drawn
        assert f"figures/{name}.svg" in (folder / "report.md").read_text()


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    settings = {"question": HOSTILE, "notes": HOSTILE, "overrides": {HOSTILE: {"loss.name": HOSTILE}}}
    made = Made({"plain": 0, HOSTILE: 0.01}, lost={(HOSTILE, 1): HOSTILE}, settings=settings)
    folder, page = rendered(tmp_path, made)
    assert page.all("script") == []
    assert page.text.count(HOSTILE) > 10
    assert any(HOSTILE in str(p["aria-label"]) for p in page.all("svg"))
    text = (folder / "report.md").read_text()
    assert re.search(r"(?<!\\)<script", text) is None
    assert r"\<script>alert(1)\</script> \$x\_1^2\$" in text


def test_a_name_is_no_mathematics(tmp_path: Path) -> None:
    name = r"$\frac{$"  # would be refused as a formula
    folder, _ = rendered(tmp_path, Made({"plain": 0, name: 0.01}, seeds=range(3)))
    assert f"<!-- {name} -->" in (folder / "figures/learning-curves.svg").read_text()


def test_a_table_of_markdown_survives_a_name_with_a_bar(tmp_path: Path) -> None:
    folder, _ = rendered(tmp_path, Made({"plain": 0, "a|b": 0.01}))
    rows = [line for line in (folder / "report.md").read_text().splitlines() if line.startswith("| a")]
    assert rows and all(row.startswith(r"| a\|b |") for row in rows)


def test_sixty_runs_are_a_small_page(tmp_path: Path) -> None:
    folder, _ = rendered(tmp_path, Made({name: 0.001 * place for place, name in enumerate("abcdef")}))
    assert (folder / "report.html").stat().st_size < 3_000_000


def test_the_program(tmp_path: Path) -> None:
    folder = make(tmp_path / "results", FOUR)
    command = [
        sys.executable,
        str(SCRIPTS / "report.py"),
        "--store",
        "results",
        "--out",
        "out",
        "--recipe",
    ]
    environment = {"PYTHONPATH": str(SCRIPTS), "PATH": ""}

    def call(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, path], cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert call(folder / "recipe.yaml").returncode == 0
    assert (
        f"--recipe results/train/{train_address(1)}/recipe.yaml" in (tmp_path / "out/report.html").read_text()
    )
    stale = tmp_path / "stale.yaml"
    text = (folder / "recipe.yaml").read_text().replace(folder.name, "0" * 12 + "-" + "0" * 8)
    stale.write_text(re.sub(r"(assay\.report\.render: )\w+", r"\g<1>'0'", text))
    for name in ("results/compare", "out"):
        shutil.rmtree(tmp_path / name)
    for path, said in (
        (folder / "recipe.yaml", "there is no finished result"),
        (stale, "the code changed"),
    ):
        failed = call(path)
        assert failed.returncode == 1
        assert said in failed.stderr
        assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("text", ["", "{", "[1"])
def test_damaged_files_are_named(tmp_path: Path, text: str) -> None:
    folder = make(tmp_path, FOUR)
    found = recipe.from_yaml(folder / "recipe.yaml")
    study = tmp_path / "aggregate/study" / UPSTREAM["aggregate/study"] / "study.json"
    study.write_text(text)
    with pytest.raises(UserError, match=r"study\.json: is damaged"):
        gather(found, tmp_path)


def test_templates_are_part_of_the_address() -> None:
    folder = Path(render.__file__).parent
    files = [path.name for path in folder.iterdir() if path.suffix in (".j2", ".css")]
    assert sorted(files) == sorted(render.DATA_FILES)
