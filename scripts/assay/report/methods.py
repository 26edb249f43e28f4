"""A paragraph for a paper: what was trained and how it was compared. `[@key]` cites a reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from assay.notation import metric_label
from assay.report import audit, design
from assay.report.inputs import Inputs, samples
from assay.report.phrases import SPENDING, adjustment, level, tested
from assay.words import counted, listed, seed_ranges

_OPTIMIZERS = {"adam": "Adam [@kingma2015]", "adamw": "AdamW [@loshchilov2019]", "sgd": "SGD"}
_LOSSES = {"focal": "lin2017", "supervised_contrastive": "khosla2020", "label_smoothing": "szegedy2016"}
_BUILT_IN = ("digits", "breast_cancer", "diabetes")
"""Data sets that scikit-learn brings."""
_ABBREVIATION = 4
"""Names of models that are as short are written in capitals."""
_FILE_KINDS = {"csv": "the table", "parquet": "the table", "npz": "the arrays"}


def methods(inputs: Inputs) -> str:
    """The paragraph, with citations."""
    return " ".join([*_training(inputs), *_losses(inputs), *_comparison(inputs), *_software(inputs)])


def _training(inputs: Inputs) -> Iterator[str]:
    seeds = sorted({run.seed for run in inputs.runs})
    yield (
        f"We trained {counted(len(inputs.names), 'variant')} of one experiment with "
        f"{counted(len(seeds), 'random seed')} ({seed_ranges(seeds)}){_on_data(inputs)}."
    )
    yield from _baseline(inputs)
    yield from _distillation(inputs)
    lost = sum(not run.finished for run in inputs.runs)
    if lost:
        were = "was" if lost == 1 else "were"
        yield f"{lost} of {counted(len(inputs.runs), 'run')} gave no result and {were} left out."


def _on_data(inputs: Inputs) -> str:
    found = {(_source(v), samples(v["data"])) for v in inputs.variants if v.get("data")}
    if len(found) != 1:
        return " on data that differ between variants" if found else ""
    source, sizes = found.pop()
    return f" on {source}, with {sizes} samples"


def _source(variant: Mapping[str, Any]) -> str:
    """`digits`, or the name of a file of the user's, without the folder that it lies in."""
    name = str(variant["data"].get("source"))
    chosen = variant.get("source") or {}
    if path := chosen.get("path"):
        return f"{_FILE_KINDS.get(name, 'the file')} {PurePath(str(path)).name}"
    return f"{name} [@pedregosa2011]" if name in _BUILT_IN else name


def _baseline(inputs: Inputs) -> Iterator[str]:
    """The baseline's model and loop, as far as its settings are known."""
    variant = next((v for v in inputs.variants if v["name"] == inputs.baseline), {})
    settings = variant.get("settings") or {}
    loop, loss = settings.get("training") or {}, _name(settings.get("loss"))
    optimizer, model = _name(loop.get("optimizer")), _name(settings.get("model"))
    size = variant.get("parameters")
    facts = [
        f"for {counted(loop['epochs'], 'epoch')}" if loop.get("epochs") else "",
        f"with {_OPTIMIZERS.get(optimizer, optimizer)}" if optimizer else "",
        f"at learning rate {loop['learning_rate']:g}" if loop.get("learning_rate") else "",
        f"in batches of {loop['batch_size']}" if loop.get("batch_size") else "",
    ]
    known = [fact for fact in facts if fact]
    what = f", {_a_model(model)}" if model else ""
    what += f" with {size:,} parameters" if model and size is not None else ""
    if known:
        aim = f" to minimise {_words(loss)}" if loss else ""
        yield f"The baseline, {inputs.baseline}{what}, was trained {' '.join(known)}{aim}."
    changes = inputs.settings.overrides
    others = [name for name in inputs.names if name != inputs.baseline and changes.get(name)]
    if 0 < len(others) <= 4:
        told = "; ".join(
            f"{name}: {', '.join(f'{k} {_value(v)}' for k, v in changes[name].items())}" for name in others
        )
        yield f"The others differ from the common settings in what is named: {told}."
    own = sorted(
        {m for v in inputs.variants if ":" in (m := _name((v.get("settings") or {}).get("model")))} - {model}
    )
    if own:
        yield f"Own models: {listed(own)}."


def _distillation(inputs: Inputs) -> Iterator[str]:
    """Variants that learn from another's run."""
    for variant in inputs.variants:
        task = (variant.get("settings") or {}).get("task")
        teacher = task.get("teacher") if isinstance(task, dict) else None
        if teacher:
            yield (
                f"{variant['name']} is a student that was distilled [@hinton2015] from {teacher}: for each "
                "seed, from the best weights of the run with the same seed, which do not change."
            )


def _losses(inputs: Inputs) -> Iterator[str]:
    """The losses that have a paper of their own."""
    found: dict[str, None] = {}
    for variant in inputs.variants:
        loss = (variant.get("settings") or {}).get("loss")
        name = _name(loss)
        if name in _LOSSES:
            found[f"{_words(name)} [@{_LOSSES[name]}]"] = None
        elif isinstance(loss, dict) and loss.get("label_smoothing"):
            found["label smoothing [@szegedy2016]"] = None
    if found:
        yield f"Used were {listed(found)}."


def _comparison(inputs: Inputs) -> Iterator[str]:
    compared, tests = inputs.compared, inputs.compared["comparisons"]
    count = tested(compared)
    if not count:
        return
    pairs = f"each other variant with {compared['baseline']}"
    if len({test["variant"] for test in tests}) == 1:
        pairs = f"{tests[0]['variant']} with {tests[0]['baseline']}"
    elif compared["design"] != "baseline":
        pairs = "each variant with each other"
    yield (
        f"We compared {pairs} on {metric_label(inputs.metric)} by two-sided paired t-tests [@student1908] "
        "over seeds: runs with the same seed form a pair."
    )
    if compared["resampling"]:
        yield (
            "Since each seed also splits the data anew, test samples recur and pairs are not independent; "
            f"the variance is corrected for that [@nadeau2003], with {compared['resampling']:.3g} test "
            "samples for each training sample."
        )
    elif design.splits(inputs):
        yield (
            "Each seed also splits the data anew, so test samples recur among seeds, pairs are not "
            "independent, and intervals are too narrow [@nadeau2003]."
        )
    if adjustment(compared):
        how = {
            "holm": "Holm's method [@holm1979]",
            "max_t": "the largest |t| under joint sign flips [@westfall1993]",
        }[compared["adjustment"]]
        yield f"p values are adjusted for {count} comparisons by {how}."
    yield from _sequence(inputs)
    intervals = "repeated confidence intervals" if compared["looks"] else "confidence intervals"
    g_av = ", g_av Hedges' g over the average standard deviation [@lakens2013]"
    yield (
        f"The significance level is {compared['alpha']:g}; intervals are {level(compared)} {intervals} of "
        "the mean paired difference, not adjusted for the number of comparisons; d_z is the mean difference "
        f"divided by the standard deviation of the differences{g_av if _any(tests, 'hedges_g_av') else ''}."
    )
    yield from _beside(inputs)


def _sequence(inputs: Inputs) -> Iterator[str]:
    """Looks at the data, declared or not."""
    looks, earlier = inputs.compared["looks"], inputs.compared["earlier"]
    if looks:
        key = {"obrien_fleming": "obrien1979", "pocock": "pocock1977"}[looks["spending"]]
        planned = listed(map(str, looks["planned"]))
        yield (
            f"Looks after {planned} seeds were planned; alpha is spent over them [@lan1983] as "
            f"{SPENDING[looks['spending']]} bounds do [@{key}], and this is look {looks['look']}."
        )
    if earlier:
        yield (
            f"The comparisons had been looked at with {listed(map(str, earlier))} seeds before; p values "
            "do not account for that."
        )


def _beside(inputs: Inputs) -> Iterator[str]:
    """What is reported beside the tests that decide."""
    compared, tests = inputs.compared, inputs.compared["comparisons"]
    if compared["margin"] is not None and _any(tests, "p_tost"):
        margin, unit = (
            inputs.scale.number(compared["margin"]),
            " percentage points" if inputs.scale.is_proportion else "",
        )
        yield (
            f"Variants count as equivalent where two one-sided tests [@schuirmann1987] show that they differ "
            f"by less than {margin}{unit}."
        )
    if any(test["bayes"] for test in tests):
        yield "Posterior probabilities are those of the correlated t-test with that margin [@benavoli2017]."
    checks = []
    if _any(tests, "p_sign_flip"):
        exact = all(test["sign_flip_exact"] for test in tests if test["p_sign_flip"] is not None)
        how = "exact sign-flip permutation tests [@fisher1935]"
        checks.append(how if exact else "sampled sign-flip permutation tests [@fisher1935, @phipson2010]")
    if _any(tests, "p_wilcoxon"):
        checks.append("Wilcoxon signed-rank tests [@wilcoxon1945]")
    if checks:
        yield f"As checks we report {listed(checks)}."
    robust = ["the probability of improvement"] * _any(tests, "probability_of_improvement")
    robust += ["interquartile means"] * any(row["iqm"] is not None for row in compared["summary"])
    if robust:
        yield f"We also report {listed(robust)} [@agarwal2021]."
    if any(test["status"] == "ok" for test in compared["secondary"]):
        yield "Comparisons on other metrics are adjusted by Benjamini and Hochberg's method [@benjamini1995]."


def _software(inputs: Inputs) -> Iterator[str]:
    papers = {"PyTorch": " [@paszke2019]", "NumPy": " [@harris2020]", "Python": ""}
    wanted = {f"{name} version": name for name in ("Python", "PyTorch", "NumPy")}
    versions = [
        f"{wanted[name]} {value}{papers[wanted[name]]}"
        for name, value in audit.environment(inputs)
        if name in wanted
    ]
    assay = "Runs were made and compared with Assay, a Snakemake workflow [@molder2021]"
    yield f"{assay}; {', '.join(versions)}." if versions else f"{assay}."


def _any(tests: list[dict[str, Any]], key: str) -> bool:
    return any(test[key] is not None for test in tests)


def _name(component: Any) -> str:
    """Of a component in settings, which is a name or has one."""
    found = component.get("name") if isinstance(component, dict) else component
    return str(found or "")


def _a_model(name: str) -> str:
    """`a cnn`, `the model my_models:Wide`."""
    if ":" in name:
        return f"the model {name}"
    article = "an" if name in ("mlp", "lstm") or name.startswith("auto") else "a"
    return f"{article} {name.upper() if len(name) <= _ABBREVIATION else _words(name)}"


def _words(name: str) -> str:
    return name if ":" in name else name.replace("_", " ")


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
