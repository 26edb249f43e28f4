"""The report's files: the same each time, asking nothing of anyone, escaping everything."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from assay import recipe
from assay.errors import UserError
from assay.report import render
from assay.report.inputs import gather
from report_fixture import UPSTREAM, Made, Page, make, rendered, train_address

SCRIPTS = Path(render.__file__).parents[2]
HOSTILE = '<script>alert(1)</script> $x_1^2$ & "q" a|b'
BAR = r"\<script>alert(1)\</script> \$x\_1^2\$ & \"q\" a\|b".replace('\\"', '"')


TINY = Made({"plain": 0, "wide": 0.01}, seeds=range(3), epochs=2, measured=True)
BESIDE = ["references.bib", "tables/comparisons.csv", "tables/comparisons.tex", "tables/runs.csv"]


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    """The report on sixty runs, with a variant, a question, notes and a failure that are markup."""
    names = [HOSTILE, "plain", "wide", "deep", "tiny", "other"]
    made = Made(
        {name: 0.001 * place for place, name in enumerate(names)},
        lost={(HOSTILE, 1): HOSTILE},
        settings={"question": HOSTILE, "notes": HOSTILE, "overrides": {HOSTILE: {"loss.name": HOSTILE}}},
        measured=True,
    )
    return rendered(tmp_path_factory.mktemp("sixty"), made)


def test_is_the_same_each_time_and_wherever_the_store_is(tmp_path: Path) -> None:
    first, _ = rendered(tmp_path / "a", TINY)
    second, _ = rendered(tmp_path / "b" / "c", TINY)
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert {Path("report.html"), Path("report.md"), *map(Path, BESIDE)} < set(names)
    assert len([name for name in names if name.parts[0] == "figures"]) == 3 * 6
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_the_receipt_stands_for_what_does_not_depend_on_clock_and_machine(tmp_path: Path) -> None:
    """A report computed again elsewhere has the same receipt, whatever the runs took there."""
    first, _ = rendered(tmp_path / "a", TINY)
    elsewhere = {("plain", 0): {"cpu": {"model": "Another CPU"}, "device": "cuda"}}
    again = make(tmp_path / "b", replace(TINY, environments=elsewhere, code={"a.module": "0" * 64}))
    for path in (tmp_path / "b").rglob("metrics.csv"):
        path.write_text(path.read_text().replace(",0.5,4000,", ",7.5,400,"))
    render.render(recipe.from_yaml(again / "recipe.yaml"), tmp_path / "b", again)
    assert (first / "receipt.json").read_bytes() == (again / "receipt.json").read_bytes()
    assert (first / "report.html").read_bytes() != (again / "report.html").read_bytes()
    digests = json.loads((first / "receipt.json").read_text())["digests"]
    measured = {f"figures/cost.{ending}" for ending in ("svg", "pdf", "png")}
    measured |= {"tables/cost.csv", "tables/cost.tex"}
    there = {str(path.relative_to(first)) for path in first.rglob("*") if path.is_file()}
    assert set(digests) == there - measured - {"receipt.json", "seal.json", "recipe.yaml"}
    named = [name for name in digests if name.startswith("figures/") or name == "tables/comparisons.csv"]
    assert len(named) == 3 * 5 + 1
    for name in named:
        assert hashlib.sha256((first / name).read_bytes()).hexdigest() == digests[name]
    assert set(BESIDE) < set(digests)


def test_asks_nothing_of_anyone(sixty: tuple[Path, Page]) -> None:
    folder, page = sixty
    assert not [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object")]
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert name not in ("src", "srcset", "action") and not name.startswith("on")
            if name.endswith("href") and not str(value).startswith("#"):
                assert tag == "a"
                assert re.match(r"(\.\./\.\./train|tables|figures)/", str(value)) or value == "references.bib"
                assert (folder / str(value)).exists(), value
    assert set(re.findall(r"url\((.)", page.source)) <= {"#"}
    assert "@import" not in page.source


def test_only_the_pages_own_script_may_run(sixty: tuple[Path, Page]) -> None:
    [script] = re.findall(r"<script>(.*?)</script>", sixty[1].source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    [policy] = [a["content"] for a in sixty[1].all("meta") if "http-equiv" in a]
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_what_is_referred_to_is_there_once(sixty: tuple[Path, Page]) -> None:
    source = sixty[1].source
    ids = re.findall(r'\bid="([^"]+)"', source)
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)|aria-labelledby="([^"]+)"', source)
    assert used
    assert {next(filter(None, found)) for found in used} <= set(ids)


def test_figures_are_drawn_and_described(sixty: tuple[Path, Page]) -> None:
    folder, page = sixty
    pictures = page.all("svg")
    names = ["differences", "seeds", "distributions", "learning-curves", "confusion", "cost"]
    assert [str(p["aria-label"])[:4] for p in pictures] == ["Diff", "Ever", "Dist", "Lear", "Conf", "Accu"]
    assert all(p["role"] == "img" and len(str(p["aria-label"])) > 60 for p in pictures)
    for name in names:
        assert (folder / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF")
        assert f"figures/{name}.svg" in (folder / "report.md").read_text()


def test_names_are_shown_as_they_are(sixty: tuple[Path, Page]) -> None:
    folder, page = sixty
    assert len(page.all("script")) == 1
    assert page.text.count(HOSTILE) > 10
    assert any(HOSTILE in str(p["aria-label"]) for p in page.all("svg"))
    assert page.all("option")[1] == {"value": HOSTILE}
    text = (folder / "report.md").read_text()
    assert re.search(r"(?<!\\)<script", text) is None
    assert r"\<script>alert(1)\</script> \$x\_1^2\$" in text
    table = (folder / "tables/comparisons.tex").read_text()
    assert r"\textless{}script\textgreater{}alert(1)" in table and "<script" not in table


def test_tables_of_markdown_survive_a_name_with_a_bar(sixty: tuple[Path, Page]) -> None:
    lines = (sixty[0] / "report.md").read_text().splitlines()
    tables = [
        list(group) for is_row, group in itertools.groupby(lines, lambda line: line[:1] == "|") if is_row
    ]
    assert len(tables) > 8
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table}) == 1, table[0]
        assert re.fullmatch(r"\|( (---|--:) \|)+", table[1])
    assert sum(row.startswith(rf"| {BAR} |") for table in tables for row in table) > 3


def test_sixty_runs_are_a_small_page(sixty: tuple[Path, Page]) -> None:
    assert (sixty[0] / "report.html").stat().st_size < 3_000_000


def test_the_program(tmp_path: Path) -> None:
    folder = make(tmp_path / "results", TINY)
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
    folder = make(tmp_path, TINY)
    found = recipe.from_yaml(folder / "recipe.yaml")
    study = tmp_path / "aggregate/study" / UPSTREAM["aggregate/study"] / "study.json"
    study.write_text(text)
    with pytest.raises(UserError, match=r"study\.json: is damaged"):
        gather(found, tmp_path)


def test_templates_are_part_of_the_address() -> None:
    folder = Path(render.__file__).parent
    files = [path.name for path in folder.iterdir() if path.suffix in (".j2", ".css", ".js")]
    assert sorted(files) == sorted(render.DATA_FILES)
