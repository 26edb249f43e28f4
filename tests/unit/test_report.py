"""The report: says what was found, hides nothing, escapes everything, and is the same each time."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from assay import recipe
from assay.errors import UserError
from assay.report import numbers, render, style
from assay.report.content import content
from assay.report.inputs import gather
from assay.report.numbers import Scale
from report_fixture import UPSTREAM, Made, make, train_address

SCRIPTS = Path(render.__file__).parents[2]
HOSTILE = '<script>alert(1)</script> $x_1^2$ & "q"'
FOUR = Made(
    {"plain": 0.0, "wide": 0.0085, "deep": 0.001, "tiny": -0.02},
    lost={("tiny", 3): "diverged in epoch 3"},
    settings={"question": "Is wider better?", "overrides": {"wide": {"model.widths": [128, 128]}}},
)


class Page(HTMLParser):
    """The text of a page, its tags and their attributes; refuses tags that do not match."""

    VOID = ("meta", "link", "img", "br", "input", "path", "use", "rect")

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
        if "style" not in self._open:
            self.text += data.replace("\N{NO-BREAK SPACE}", " ")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def rendered(store: Path, made: Made) -> tuple[Path, Page]:
    """The report's folder and its page."""
    folder = make(store, made)
    render.render(recipe.from_yaml(folder / "recipe.yaml"), store, folder)
    return folder, Page((folder / "report.html").read_text())


def written(store: Path, made: Made) -> Page:
    """The page without its figures, which take most of the time."""
    found = recipe.from_yaml(make(store, made) / "recipe.yaml")
    return Page(render.html(content(gather(found, store), store) | {"drawings": {}}))


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    return rendered(tmp_path_factory.mktemp("four"), FOUR)


def compared(folder: Path) -> dict[str, Any]:
    return json.loads(next(folder.parents[1].glob("compare/*/comparisons.json")).read_text())


def warnings(page: Page) -> str:
    """The text of the warnings, which stand before the title."""
    return page.text.partition("Read this first")[2].partition("Study ")[0]


def test_is_the_same_each_time_and_wherever_the_store_is(tmp_path: Path) -> None:
    first, _ = rendered(tmp_path / "a", FOUR)
    second, _ = rendered(tmp_path / "b" / "c", FOUR)
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert len(names) == 2 + 6 + 2  # pages, figures, recipe and receipt
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


def test_the_verdict_stands_first_and_agrees_with_the_sentences(four: tuple[Path, Page]) -> None:
    folder, page = four
    wide = next(c for c in compared(folder)["comparisons"] if c["variant"] == "wide")
    headline = re.search(
        r"Best: wide — beats plain by (\S+) points of accuracy \((95 % CI .*?\])\), (p .*?)\.\s",
        page.text,
    )
    assert headline is not None
    assert f"by {headline[1]} percentage points of accuracy, {headline[2]}" in wide["sentence"]
    assert headline[3] == "p = .013 after Holm"
    assert headline[3] in wide["sentence"]


def test_every_sentence_and_every_lost_run_is_said(four: tuple[Path, Page]) -> None:
    folder, page = four
    text = (folder / "report.md").read_text()
    comparisons = compared(folder)["comparisons"]
    assert [c["verdict"] for c in comparisons] == ["better", "inconclusive", "worse"]
    for comparison in comparisons:
        assert f"{comparison['verdict']} {comparison['sentence']}" in re.sub(r"\s+", " ", page.text)
        assert comparison["sentence"] in text
    for said in (
        "No result: tiny, seed 3: diverged in epoch 3.",
        "No pair of tiny and plain for seed 3 ",
    ):
        assert said in warnings(page)
        assert said in text.partition("# Is wider better?")[0]
    assert "1 of 40 runs gave no result and was left out." in page.text


def test_a_verdict_has_a_sign_and_a_word(four: tuple[Path, Page]) -> None:
    marks = [a["class"] for a in four[1].all("span") if str(a.get("class")).startswith("mark")]
    assert marks == 2 * ["mark better", "mark inconclusive", "mark worse"]
    for said in ("▲ better", "◇ inconclusive", "▼ worse"):
        assert four[1].text.count(said) == 2


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
    # Matplotlib notes each text it draws; mathematics would be noted without its dollar signs.
    assert "$x_1^2$" in (folder / "figures/seeds.svg").read_text()


def test_a_table_of_markdown_survives_a_name_with_a_bar(tmp_path: Path) -> None:
    folder, _ = rendered(tmp_path, Made({"plain": 0, "a|b": 0.01}))
    rows = [line for line in (folder / "report.md").read_text().splitlines() if line.startswith("| a")]
    assert rows and all(row.startswith(r"| a\|b |") for row in rows)


def test_differing_environments_are_flagged_at_the_top(tmp_path: Path) -> None:
    other = {
        ("wide", 2): {
            "versions": {"python": "3.11.2", "torch": "2.8.0"},
            "cpu": {"capability": "AVX512"},
        },
        ("plain", 0): {"device": "cuda", "git": {"commit": "b" * 40, "dirty": True}},
    }
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01}, seeds=range(4), environments=other))
    for said in (
        "Runs differ in PyTorch version: 2.8.0 (wide, seed 2); 2.9.0 (all others).",
        "Runs differ in CPU capability: AVX512 (wide, seed 2); AVX2 (all others).",
        "Runs differ in device: cuda (plain, seed 0); cpu (all others).",
        "Runs differ in git commit: bbbbbbbbbbbb (plain, seed 0); aaaaaaaaaaaa (all others).",
        "Runs differ in uncommitted changes: yes (plain, seed 0); no (all others).",
    ):
        assert said in warnings(page)
    assert "NumPy" not in warnings(page)


def test_missing_environments_are_said(tmp_path: Path) -> None:
    folder = make(tmp_path, Made({"plain": 0, "wide": 0.01}, seeds=range(3)))
    (tmp_path / "train" / train_address(1) / "seed-2" / "environment.json").unlink()
    (tmp_path / "train" / train_address(0) / "seed-0" / "environment.json").write_text("{")
    found = recipe.from_yaml(folder / "recipe.yaml")
    page = Page(render.html(content(gather(found, tmp_path), tmp_path) | {"drawings": {}}))
    assert "No environment is recorded for plain, seed 0; wide, seed 2." in warnings(page)


def test_nothing_to_warn_of_is_no_warning(tmp_path: Path) -> None:
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01}))
    assert page.all("aside") == []


def test_a_partial_report_and_a_lost_baseline(tmp_path: Path) -> None:
    lost = {("plain", 1): "RuntimeError: out of memory", ("wide", 2): "was not run"}
    page = written(tmp_path, Made({"plain": 0, "wide": 0.01, "deep": 0}, seeds=range(5), lost=lost))
    for said in (
        "This is a partial report: 2 of 15 runs have no result.",
        "No result: plain, seed 1: RuntimeError: out of memory.",
        "No result: wide, seed 2: was not run.",
        "No pair in any comparison for seed 1 (plain: RuntimeError: out of memory).",
        "No pair of wide and plain for seed 2 (wide: was not run).",
    ):
        assert said in warnings(page)


def test_a_quick_try_is_no_evidence(tmp_path: Path) -> None:
    made = Made(
        {"plain": 0, "wide": 0.05},
        seeds=range(2),
        epochs=1,
        noise=0.001,
        metric="score",
        settings={"smoke": True},
    )
    folder, page = rendered(tmp_path, made)
    assert compared(folder)["comparisons"][0]["verdict"] == "better"
    assert "This is a quick try: one epoch, two seeds — not evidence." in warnings(page)
    assert "A quick try, not evidence. Best: wide" in page.text
    assert not any(a.get("class") == "headline better" for a in page.all("div"))


def test_one_variant_is_described(tmp_path: Path) -> None:
    folder, page = rendered(tmp_path, Made({"plain": 0}))
    assert re.search(r"plain: accuracy \d\d\.\d\d ± 0\.\d\d % \(mean ± sd over 10 seeds\)\.", page.text)
    assert not (folder / "figures/differences.svg").exists()
    assert "t-test" not in page.text


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (Made({"plain": 0, "same": 0.0}, noise=0), "No variant could be tested against plain."),
        (Made({"plain": 0, "wide": 0.0}), "No variant could be shown to differ from plain."),
        (Made({"plain": 0, "tiny": -0.05}), "No variant beats plain; tiny is worse."),
        (Made({"plain": 0, "wide": 0.01}, seeds=[5]), "No variant could be tested against plain."),
    ],
)
def test_other_verdicts(tmp_path: Path, made: Made, verdict: str) -> None:
    _, page = rendered(tmp_path, made)
    assert verdict in page.text
    assert "nan" not in page.text.lower().replace("nano", "")
    assert "None" not in page.text


def test_a_variant_without_any_result(tmp_path: Path) -> None:
    lost = {("wild", seed): "diverged in epoch 2" for seed in range(10)}
    _, page = rendered(tmp_path, Made({"plain": 0, "wild": 0, "wide": 0.01}, lost=lost))
    assert "No result: wild, seeds 0–9: diverged in epoch 2." in warnings(page)
    assert "0–9 (0 of 10 finished)" in page.text
    assert "Best: wide" in page.text


def test_no_result_at_all(tmp_path: Path) -> None:
    lost = {(name, seed): "diverged in epoch 1" for name in ("plain", "wide") for seed in range(10)}
    _, page = rendered(tmp_path, Made({"plain": 0, "wide": 0}, lost=lost))
    assert page.all("svg") == []
    assert "scripts/train.py" not in page.text


def test_the_best_of_several_was_not_tested_against_the_others(tmp_path: Path) -> None:
    page = written(tmp_path, Made({"plain": 0, "good": 0.008, "better": 0.02}))
    assert "Best: better — beats plain" in page.text
    assert "Also better than plain: good. Of these, better has the largest gain" in page.text


def test_a_loss_is_better_when_it_is_lower(tmp_path: Path) -> None:
    made = Made({"plain": 0, "focal": -0.02}, metric="loss", higher_is_better=False, level=0.123)
    folder, page = rendered(tmp_path, made)
    assert "Best: focal — beats plain in loss: −0.0" in page.text
    assert "(lower is better; 95 % CI [−0.0" in page.text
    assert "← better" in (folder / "figures/differences.svg").read_text()
    assert re.search(r"0\.1\d\d ± 0\.00\d\d\d", page.text)


def test_the_command_names_the_best_variant_and_a_run_that_finished(tmp_path: Path) -> None:
    made = Made({"plain": 0, "wide": 0.02}, lost={("wide", 0): "diverged in epoch 1"})
    folder, page = rendered(tmp_path, made)
    assert (
        f'python scripts/train.py --recipe "$ASSAY_RESULTS"/train/{train_address(1)}/recipe.yaml --seed 1 '
        in page.text
    )
    assert str(tmp_path) not in page.source + (folder / "report.md").read_text()


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
        return subprocess.run(
            [*command, path], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    assert call(folder / "recipe.yaml").returncode == 0
    assert (
        f"--recipe results/train/{train_address(1)}/recipe.yaml"
        in (tmp_path / "out/report.html").read_text()
    )
    stale = tmp_path / "stale.yaml"
    text = (folder / "recipe.yaml").read_text()
    stale.write_text(re.sub(r"(assay\.report\.render: )\w+", r"\g<1>'0'", text))
    shutil.rmtree(tmp_path / "results" / "compare")
    for path, said in (
        (folder / "recipe.yaml", "comparisons.json: cannot be read"),
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
    with pytest.raises(UserError, match=r"study\.json: is not valid JSON"):
        gather(found, tmp_path)


def test_templates_are_part_of_the_address() -> None:
    folder = Path(render.__file__).parent
    files = {path.name: path for path in folder.iterdir() if path.suffix in (".j2", ".css")}
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert digests == render.TEMPLATES, "put the new digests into assay.report.render.TEMPLATES"


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (Scale("accuracy", True).mean_and_sd(0.97123, 0.00314), "97.12 ± 0.31 %"),
        (Scale("accuracy", True).mean_and_sd(0.97123, None), "97.12 %"),
        (Scale("loss", False).mean_and_sd(0.12345, 0.005119), "0.123 ± 0.00512"),
        (Scale("loss", False).value(None), "–"),
        (Scale("accuracy", True).value(float("nan")), "–"),
        (Scale.by_name("val_accuracy", [0.2, 1.0]).axis, "val_accuracy (%)"),
        (Scale.by_name("val_accuracy", [20.0]).axis, "val_accuracy"),
        (Scale.by_name("loss", [0.2]).axis, "loss"),
        (Scale.by_name("f1_macro", [0.2]).axis, "f1_macro (%)"),
        (numbers.fixed(-0.001), "0.00"),
        (numbers.fixed(-1.005, 1), "−1.0"),
        (numbers.fixed(0.814, 2, "+"), "+0.81"),
        (numbers.fixed(1e-9, 10), "1e−09"),
        (numbers.significant(0.12), "0.120"),
        (numbers.significant(-12.345), "−12.3"),
        (numbers.significant(4571.2), "4571"),
        (numbers.significant(999.96), "1000"),
        (numbers.significant(1.2e-5), "1.20e−05"),
        (numbers.significant(3e8), "3.00e+08"),
        (numbers.significant(0.0), "0"),
        (numbers.equation(0.0061, 0.05), "p = .006"),
        (numbers.equation(0.0004, 0.05), "p < .001"),
        (numbers.equation(0.0496, 0.05), "p = .050"),
        (numbers.equation(0.0496, 0.0495), "p = .0496"),
        (numbers.equation(0.05001, 0.05), "p = .05001"),
        (numbers.equation(0.234, 0.05), "p = .23"),
        (numbers.equation(1.0, 0.05), "p > .99"),
        (numbers.equation(None, 0.05), ""),
        (numbers.seed_ranges([3, 0, 1, 2, 7, 8, 11]), "0–3, 7, 8, 11"),
        (numbers.listed(["a", "b", "c"]), "a, b and c"),
        (numbers.listed(["a"]), "a"),
        (numbers.plural(1, "run"), "1 run"),
        (numbers.plural(1200, "run"), "1,200 runs"),
        (style.wrap("learning_rate=0.01,dropout=0.5", 14), "learning_rate=\n0.01,dropout=\n0.5"),
        (style.wrap("a" * 20, 8), "aaaaaaaa\naaaaaaaa\naaaa"),
        (style.wrap("short name", 14), "short name"),
    ],
)
def test_formats(found: str, wanted: str) -> None:
    assert found == wanted


def test_differences_have_the_digits_that_their_interval_supports() -> None:
    test = {"mean_difference": 0.0081234, "ci_low": 0.0031, "ci_high": 0.0131468}
    assert Scale("accuracy", True).difference(test) == "+0.81"
    assert Scale("accuracy", True).interval(test) == "[0.31, 1.31]"
    assert Scale("loss", False).difference(test) == "+0.0081"
    narrow = {"mean_difference": -0.0001, "ci_low": -0.00015, "ci_high": -0.00005}
    assert Scale("accuracy", True).difference(narrow) == "−0.0100"
    alone = {"mean_difference": 0.5, "ci_low": None, "ci_high": None}
    assert Scale("accuracy", True).interval(alone) == "–"


def test_each_variant_has_a_look_of_its_own() -> None:
    looks = style.looks([f"v{n}" for n in range(30)], "v3")
    assert looks["v3"].line == "-"
    assert len({(look.colour, look.line, look.marker) for look in looks.values()}) == 30
    few = style.looks(list("abcdefgh"), "a")
    assert (
        len({look.colour for look in few.values()})
        == len({str(look.line) for look in few.values()})
        == 8
    )
