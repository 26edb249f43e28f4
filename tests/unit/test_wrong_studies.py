"""Everything a study or the configuration can have wrong: one message, at the place it is written.

In the YAML of a case, `# <--` marks the line that the message must name.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from assay import components
from assay.configuration import CONFIG_FILE
from assay.errors import UserError
from assay.plan import Plan, load_plan
from assay.settings import base
from assay.study.load import Study, load
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STUDY = "config/studies/wrong.yaml"
CODE_WORDS = re.compile(
    r"instance of|\[key\]|\.str\b|\.int\b|Settings|Input should|should match|unicode string|Traceback"
    r"|:None\b|UserError|\(\?|\\d|setting_\d"
)
MINE = """
import math
from assay.models.mlp import MLP


class Net:
    def __init__(self, shape, outputs, *, anything=1, size: int | str = 3, weights: dict = {}):
        pass


class Again(MLP):
    def __init__(self, shape, outputs, *, name: str = "x"):
        pass


class MLP(MLP):
    pass


class ListOfMetrics:
    metrics = ["loss", "accuracy"]


def data(*, path: str = "x"):
    pass
"""
FILES = {
    "config/studies/digits.yaml": "variants: {plain: {}, dropout: {model.dropout: 0.5}}\n",
    "config/presets/model/small.yaml": "name: mlp\nwidths: [32]\n",
    "config/presets/model/misspelt.yaml": "name: mlp\nwidthz: [32]\n",
    "config/presets/machine/office.yaml": "device: gpu\n",
    "tumours.csv": "radius,texture,kind\n1,2,good\n3,4,bad\n",
    "folder/notes.txt": "",
    "mine.py": MINE,
    "unfinished.py": "class Net:\n    def __init__(self:\n",
    "nul.py": "x = 1\0\n",
    "strict.py": "def data(*, path: str = 'x'): pass\ndef check(*, path): raise ValueError('boom')\n",
    "needs.py": "import nowhere_to_be_found\ndef data(): pass\ndef check(): pass\n",
}
VARIANTS = "variants: {a: {}}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("ASSAY_SEED", raising=False)
    monkeypatch.delenv("ASSAY_RESULTS", raising=False)
    for module in (components, base):  # `mine` is another file in each test's folder
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def refusal(config: dict[str, Any]) -> str:
    """The one message with which a configuration is refused, short and in plain words."""
    with pytest.raises(UserError) as caught:
        load_plan(config)
    message = str(caught.value)
    assert "\n" not in message, message
    assert len(message) < 400, message
    assert not CODE_WORDS.search(message), message
    return message


WRONG = {
    # names of keys
    "unknown key at the top": ("bsae: {} # <--\n" + VARIANTS, "bsae", ["unknown key", "'base'"]),
    "unknown key in base": ("base:\n  modle: mlp # <--\n" + VARIANTS, "base.modle", ["'model'"]),
    "unknown key in base.training": (
        "base:\n  training:\n    epochs: 3\n    learning_rat: 0.1 # <--\n" + VARIANTS,
        "base.training.learning_rat",
        ["'learning_rate'"],
    ),
    "unknown dotted key in base": (
        "base:\n  training.epochz: 3 # <--\n" + VARIANTS,
        "base.training.epochz",
        ["'epochs'"],
    ),
    "unknown key in a variant": (
        "variants:\n  a: {}\n  b:\n    training:\n      epochz: 3 # <--\n",
        "variants.b.training.epochz",
        ["'epochs'"],
    ),
    "unknown dotted key in a variant": (
        "variants:\n  a: {}\n  b:\n    trainin.epochs: 3 # <--\n",
        "variants.b.trainin",
        ["'training'"],
    ),
    "unknown key in comparisons": (
        VARIANTS + "comparisons:\n  basline: a # <--\n",
        "comparisons.basline",
        ["'baseline'"],
    ),
    "unknown key in a grid": (
        "grid:\n  training.epochs: [1]\n  training.learning: [0.1] # <--\n",
        "grid.training.learning",
        ["'learning_rate'"],
    ),
    "key twice": ("base: {}\nseeds: 3\nbase: {} # <--\n" + VARIANTS, "", ["'base'", "twice"]),
    "key twice in a variant": ("variants:\n  a: {}\n  a: {} # <--\n", "", ["'a'", "twice"]),
    "key that is a number": ("base: # <--\n  1: 2\n" + VARIANTS, "base", ["text", "'1'"]),
    "variants that are numbers": (
        "variants: # <--\n  plain: {}\n  2: {model.dropout: 0.1}\n",
        "variants",
        ["text", "'2'"],
    ),
    "key that is a list": ("base: {}\n? [a, b] # <--\n: 1\n" + VARIANTS, "", ["key"]),
    # types and values
    "text for a number": (
        "base:\n  training:\n    epochs: many # <--\n" + VARIANTS,
        "base.training.epochs",
        ["integer", "'many'"],
    ),
    "a number in quotes": (
        "base:\n  training:\n    learning_rate: '1e-3' # <--\n" + VARIANTS,
        "base.training.learning_rate",
        ["number", "'1e-3'"],
    ),
    "a fraction of an epoch": (
        "base:\n  training:\n    epochs: 1.5 # <--\n" + VARIANTS,
        "base.training.epochs",
        ["integer", "1.5"],
    ),
    "true for a number": (
        "base:\n  training:\n    batch_size: true # <--\n" + VARIANTS,
        "base.training.batch_size",
        ["integer", "True"],
    ),
    "yes for true": (
        "base:\n  data:\n    standardize: yes # <--\n" + VARIANTS,
        "base.data.standardize",
        ["boolean", "'yes'"],
    ),
    "nothing for a number": (
        "base:\n  training:\n    epochs: # <--\n" + VARIANTS,
        "base.training.epochs",
        ["integer", "nothing"],
    ),
    "a number for a section": ("base:\n  training: 5 # <--\n" + VARIANTS, "base.training", ["mapping", "5"]),
    "a number for a model": ("base:\n  model: 5 # <--\n" + VARIANTS, "base.model", ["mapping", "5"]),
    "too small": (
        "variants:\n  a: {training.epochs: 0} # <--\n",
        "variants.a.training.epochs",
        ["greater than 0"],
    ),
    "NaN": (
        "base:\n  training:\n    learning_rate: .nan # <--\n" + VARIANTS,
        "base.training.learning_rate",
        ["nan", "finite"],
    ),
    "infinity": (
        "variants:\n  a:\n    training.learning_rate: .inf # <--\n",
        "variants.a.training.learning_rate",
        ["inf", "finite"],
    ),
    "a number too large to be one": (
        "base:\n  training:\n    learning_rate: 1e999 # <--\n" + VARIANTS,
        "base.training.learning_rate",
        ["inf", "finite"],
    ),
    "NaN of a setting without a type": (
        "base:\n  model:\n    name: mine:Net\n    anything: [1, .nan] # <--\n" + VARIANTS,
        "base.model.anything",
        ["nan"],
    ),
    "a choice": (
        "base:\n  training:\n    mode: maximum # <--\n" + VARIANTS,
        "base.training.mode",
        ["'maximum'", "'max'", "min"],
    ),
    "seed of a split": (
        "base:\n  data.split.seed: runs # <--\n" + VARIANTS,
        "base.data.split.seed",
        ["whole number", "run", "'runs'"],
    ),
    "a wrong value among a grid's": (
        "grid:\n  training.epochs: [1]\n  training.learning_rate: [0.1, fast] # <--\n",
        "grid.training.learning_rate",
        ["'fast'"],
    ),
    "alpha": (VARIANTS + "comparisons:\n  alpha: 5 # <--\n", "comparisons.alpha", ["less than 1", "5"]),
    "base that is a list": ("base: [1] # <--\n" + VARIANTS, "base", ["mapping", "[1]"]),
    # components
    "unknown model": ("base:\n  model: mlpp # <--\n" + VARIANTS, "base.model", ["'mlpp'", "'mlp'", "cnn"]),
    "unknown loss": (
        "variants:\n  a:\n    loss: {name: focl} # <--\n",
        "variants.a.loss",
        ["'focl'", "'focal'"],
    ),
    "unknown task": ("base:\n  task: classificatio # <--\n" + VARIANTS, "base.task", ["'classification'"]),
    "unknown optimizer": (
        "base:\n  training:\n    optimizer: adamm # <--\n" + VARIANTS,
        "base.training.optimizer",
        ["'adamm'", "'adam'"],
    ),
    "unknown scheduler": (
        "base:\n  training.scheduler.name: cosin # <--\n" + VARIANTS,
        "base.training.scheduler",
        ["'cosin'", "'cosine'"],
    ),
    "unknown data set": (
        "base:\n  data:\n    source: digit # <--\n" + VARIANTS,
        "base.data.source",
        ["'digits'"],
    ),
    "unknown setting of a component": (
        "base:\n  model:\n    name: mlp\n    width: [8] # <--\n" + VARIANTS,
        "base.model.width",
        ["'widths'", "dropout"],
    ),
    "setting of another component": (
        "base:\n  model: cnn\nvariants:\n  a:\n    model.widths: [8] # <--\n",
        "variants.a.model.widths",
        ["cnn", "channels"],
    ),
    "type of a component's setting": (
        "base:\n  model:\n    widths: 64 # <--\n" + VARIANTS,
        "base.model.widths",
        ["list", "64"],
    ),
    "an item of a component's setting": (
        "base:\n  model:\n    widths: [64, wide] # <--\n" + VARIANTS,
        "base.model.widths",
        ["integer", "'wide'"],
    ),
    "a setting with two types": (
        "base:\n  model:\n    name: mine:Net\n    size: 1.5 # <--\n" + VARIANTS,
        "base.model.size",
        ["1.5"],
    ),
    "a missing setting of a component": (
        "base:\n  data:\n    source: {name: csv, path: tumours.csv} # <--\n" + VARIANTS,
        "base.data.source.target",
        ["missing"],
    ),
    "missing preset": (
        "base:\n  training: {epochs: 3}\n  model: presets/smal # <--\n" + VARIANTS,
        "base.model",
        ["'smal'", "'small'"],
    ),
    "preset that is wrong": (
        "base:\n  model: presets/misspelt # <--\n" + VARIANTS,
        "base.model",
        ["widthz", "'widths'", "misspelt.yaml"],
    ),
    # a user's own modules
    "unknown module": ("base:\n  model: mien:Net # <--\n" + VARIANTS, "base.model", ["'mien'"]),
    "module without that name": (
        "base:\n  model: mine:Nett # <--\n" + VARIANTS,
        "base.model",
        ["'Nett'", "'Net'"],
    ),
    "module that is no Python": (
        "base:\n  model: unfinished:Net # <--\n" + VARIANTS,
        "base.model",
        ["unfinished.py:2", "not valid Python"],
    ),
    "module that is binary": (
        "base:\n  model: nul:Net # <--\n" + VARIANTS,
        "base.model",
        ["nul.py", "not valid Python"],
    ),
    "module with an argument called name": (
        "base:\n  model: mine:Again # <--\n" + VARIANTS,
        "base.model",
        ["name"],
    ),
    "a task whose metrics are no mapping": (
        "base:\n  task: mine:ListOfMetrics # <--\n" + VARIANTS,
        "base.task",
        ["metrics"],
    ),
    "a data set whose check fails": (
        "base:\n  data.source: strict:data # <--\n" + VARIANTS,
        "base.data.source",
        ["strict", "boom"],
    ),
    "a data set that cannot be imported": (
        "base:\n  data.source: needs:data # <--\n" + VARIANTS,
        "base.data.source",
        ["needs", "nowhere_to_be_found"],
    ),
    # seeds
    "no seeds": (VARIANTS + "seeds: [] # <--\n", "seeds", ["one or more", "[]"]),
    "seeds: 0": (VARIANTS + "seeds: 0 # <--\n", "seeds", ["1", "not 0"]),
    "seeds: nothing": (VARIANTS + "seeds: # <--\n", "seeds", ["nothing"]),
    "negative number of seeds": (VARIANTS + "seeds: -3 # <--\n", "seeds", ["-3"]),
    "negative seed": (VARIANTS + "seeds: [1, -1] # <--\n", "seeds", ["-1", "from 0"]),
    "seed twice": (VARIANTS + "seeds: [3, 1, 3] # <--\n", "seeds", ["3", "twice"]),
    "seed that is text": (VARIANTS + "seeds: [1, '2'] # <--\n", "seeds", ["'2'"]),
    "a seed as a number of seeds": (VARIANTS + "seeds: 20240101 # <--\n", "seeds", ["20240101"]),
    # variants
    "no variants": ("base: {}\n", "variants", ["at least one"]),
    "empty variants": ("base: {}\nvariants: {} # <--\n", "variants", ["at least one"]),
    "empty grid": ("grid: {} # <--\n", "", ["at least one"]),
    "grid without values": ("grid: # <--\n  training.epochs: []\n", "grid", ["one or more values"]),
    "grid in a variant without values": (
        "variants:\n  a:\n    grid: {training.epochs: []} # <--\n",
        "variants.a.grid",
        ["one or more values"],
    ),
    "grid in a variant with a number as key": (
        "variants:\n  a:\n    grid: {1: [2, 3]} # <--\n",
        "variants.a.grid",
        ["keys"],
    ),
    "variants that are a list": ("variants: [a, b] # <--\n", "variants", ["mapping"]),
    "a variant that is a list": ("variants:\n  a: {}\n  b: [1] # <--\n", "variants.b", ["mapping", "[1]"]),
    "a variant without a name": (
        "variants:\n  a: {}\n  ' ': {model.dropout: 0.1} # <--\n",
        "variants",
        ["name"],
    ),
    "two variants that are the same": (
        "variants:\n  a: {}\n  b: {} # <--\n",
        "variants.b",
        ["same as", "'a'"],
    ),
    "the same in another spelling": (
        "variants:\n  a: {training.learning_rate: 0.01}\n  b: # <--\n    training: {learning_rate: 1.0e-2}\n",
        "variants.b",
        ["same as", "'a'"],
    ),
    "the same by its defaults": (
        "variants:\n  a: {}\n  b: {model: {name: mlp, widths: [64, 64], dropout: -0.0}} # <--\n",
        "variants.b",
        ["same as", "'a'"],
    ),
    "grid with a name twice": (
        "variants:\n  epochs=3: {model.dropout: 0.5}\ngrid: # <--\n  training.epochs: [3]\n",
        "grid",
        ["'epochs=3'", "second"],
    ),
    "grid with a value twice": ("grid: # <--\n  training.epochs: [3, 3]\n", "grid", ["'epochs=3'", "second"]),
    "an override twice": (
        "variants:\n  a:\n    training: {epochs: 3}\n    training.epochs: 4 # <--\n",
        "variants.a.training.epochs",
        ["twice", "epochs"],
    ),
    "an alias of itself": ("base: &x # <--\n  model: *x\n" + VARIANTS, "", [""]),
    # the study as a whole
    "baseline that is no variant": (
        "variants: {plain: {}, b: {model.dropout: 0.1}}\ncomparisons:\n  baseline: plian # <--\n",
        "comparisons.baseline",
        ["'plian'", "'plain'"],
    ),
    "unknown metric": (
        VARIANTS + "comparisons:\n  metric: acuracy # <--\n",
        "comparisons.metric",
        ["'acuracy'", "'accuracy'"],
    ),
    "metric of evaluations that are not made": (
        "base: {evaluation.enabled: false}\n" + VARIANTS + "comparisons:\n  metric: accuracy # <--\n",
        "comparisons.metric",
        ["'accuracy'", "'val_accuracy'", "evaluation.enabled"],
    ),
    "default metric of evaluations that are not made": (
        "base: {evaluation.enabled: false}\n" + VARIANTS,
        "comparisons.metric",
        ["'val_accuracy'", "evaluation.enabled"],
    ),
    "unknown monitor": (
        "base:\n  training:\n    monitor: val_acc # <--\nvariants: {a: {}, b: {model.dropout: 0.1}}\n",
        "base.training.monitor",
        ["'val_acc'", "'val_accuracy'"],
    ),
    "monitor that training does not measure": (
        "base:\n  training: {monitor: train_f1, mode: max} # <--\n" + VARIANTS,
        "base.training.monitor",
        ["'train_f1'", "val_f1", "train_loss"],
    ),
    "monitor in the wrong direction": (
        "base:\n  training: # <--\n    monitor: val_accuracy\n" + VARIANTS,
        "base.training",
        ["val_accuracy", "max"],
    ),
    "fractions that leave nothing to train": (
        "base:\n  data:\n    split: # <--\n      test: 0.6\n      validation: 0.5\n"
        "variants: {a: {}, b: {model.dropout: 0.1}}\n",
        "base.data.split",
        ["1.1"],
    ),
    "fractions that sum to one": (
        "variants:\n  a: {}\n  b:\n    data.split: {test: 0.5, validation: 0.5} # <--\n",
        "variants.b.data.split",
        ["1 of the data"],
    ),
    "fraction of one": (
        "base:\n  data.split.test: 1 # <--\n" + VARIANTS,
        "base.data.split.test",
        ["less than 1"],
    ),
    "evaluation without checkpoints": (
        "base:\n  training:\n    save_artifacts: false # <--\nvariants: {a: {}, b: {model.dropout: 0.1}}\n",
        "base.training.save_artifacts",
        ["evaluation.enabled"],
    ),
    # data files
    "missing file": (
        "base:\n  data:\n    source:\n      name: csv\n      path: tumors.csv # <--\n      target: kind\n"
        "variants: {a: {}, b: {model.dropout: 0.1}}\n",
        "base.data.source.path",
        ["'tumors.csv'", "'tumours.csv'"],
    ),
    "folder for a file": (
        "base:\n  data:\n    source:\n      name: csv\n      path: folder # <--\n      target: kind\n"
        + VARIANTS,
        "base.data.source.path",
        ["'folder'", "folder"],
    ),
    "file outside the data folder": (
        "base:\n  data:\n    source:\n      name: csv\n      path: ../tumours.csv # <--\n      target: kind\n"
        + VARIANTS,
        "base.data.source.path",
        ["'../tumours.csv'", "outside", "machine.data"],
    ),
    "absolute path": (
        "base:\n  data:\n    source:\n      name: csv\n      path: /etc/hostname # <--\n      target: kind\n"
        + VARIANTS,
        "base.data.source.path",
        ["'/etc/hostname'", "outside", "machine.data"],
    ),
    "path longer than any": (
        "base:\n  data:\n    source:\n      name: csv\n      target: kind\n"
        f"      path: {'x' * 260}/a.csv # <--\n" + VARIANTS,
        "base.data.source.path",
        ["xxx/a.csv", "no such file"],
    ),
    "column of the target": (
        "base:\n  data:\n    source:\n      name: csv\n      path: tumours.csv\n      target: kid # <--\n"
        "variants: {a: {}, b: {model.dropout: 0.1}}\n",
        "base.data.source.target",
        ["tumours.csv", "'kid'", "'kind'"],
    ),
    "column of a feature": (
        "base:\n  data:\n    source:\n      name: csv\n      path: tumours.csv\n      target: kind\n"
        "      features: [radius, textur] # <--\n" + VARIANTS,
        "base.data.source.features",
        ["tumours.csv", "'textur'", "'texture'"],
    ),
    "target among the features": (
        "base:\n  data:\n    source:\n      name: csv\n      path: tumours.csv\n      target: kind\n"
        "      features: [radius, kind] # <--\n" + VARIANTS,
        "base.data.source.features",
        ["'kind'", "target"],
    ),
    "separator": (
        "base:\n  data:\n    source:\n      name: csv\n      path: tumours.csv\n      target: kind\n"
        "      separator: ', ' # <--\n" + VARIANTS,
        "base.data.source.separator",
        ["one character", "', '"],
    ),
    # the file as a whole
    "no YAML": ("base: {}\nvariants: [a # <--\nseeds: 3\n", "", ["not valid YAML"]),
    "no mapping": ("- a\n- b\n", "", ["mapping", "variants"]),
    "empty file": ("", "", ["mapping", "variants"]),
    "only comments": ("# nothing\n", "", ["mapping", "variants"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_study_is_refused_at_its_place(case: str, project: Path) -> None:
    text, key, said = WRONG[case]
    Path(STUDY).write_text(text)
    message = refusal({"study": "wrong"})
    marked = [number for number, line in enumerate(text.split("\n"), 1) if "# <--" in line]
    place = f"{STUDY}:{marked[0]}: {key}" if marked else STUDY
    # An unclosed bracket is found by YAML on the line after the one it is on.
    near = place.replace(f":{marked[0]}:", f":{marked[0] + 1}:") if case == "no YAML" else place
    assert message.startswith((place, near)), f"{message}\nis not at\n{place}"
    if not marked:
        assert key in message
    for fragment in said:
        assert fragment in message.removeprefix(STUDY), message


def test_a_binary_study_is_named(project: Path) -> None:
    for content in (b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04", bytes(range(256))):
        Path(STUDY).write_bytes(content)
        assert refusal({"study": "wrong"}).startswith(STUDY)


def test_everything_that_is_wrong_is_said_at_once(project: Path) -> None:
    Path(STUDY).write_text(
        "base:\n  model: mlpp\n  training: {epochs: x}\nvariants:\n  a: {}\n  b: {loss: focl}\n"
    )
    with pytest.raises(UserError) as caught:
        load_plan({"study": "wrong"})
    lines = str(caught.value).split("\n")
    assert len(lines) == len(set(lines))
    assert any("base.training.epochs" in line for line in lines)


CONFIGURATIONS: dict[str, tuple[dict[Any, Any], list[str]]] = {
    "unknown key": ({"stdy": "digits"}, ["stdy", "'study'"]),
    "key that is a number": ({1: 2}, ["1", "text"]),
    "unknown study": ({"study": "digit"}, ["'digit'", "'digits'"]),
    "unknown study's file": ({"study": "studies/none.yaml"}, ["studies/none.yaml"]),
    "study by half a path": ({"study": "config/studies/digits"}, ["digits"]),
    "no study": ({"study": []}, ["study"]),
    "study that is a number": ({"study": 7}, ["study", "7"]),
    "study with a long name": ({"study": "x" * 300}, ["no study"]),
    "two studies of one name": (
        {"study": ["digits", "other/digits.yaml"]},
        ["digits", "two studies"],
    ),
    "set without a value": ({"set": "training.epochs"}, ["set", "'training.epochs'", "key=value"]),
    "set without a key": ({"set": "=3"}, ["set", "'=3'", "key=value"]),
    "set twice": ({"set": "training.epochs=1 training.epochs=2"}, ["set", "training.epochs", "twice"]),
    "set that is no YAML": ({"set": "model.widths=[8"}, ["set", "model.widths", "not valid YAML"]),
    "set with an open quote": ({"set": "model='cnn"}, ["set", "quotation"]),
    "set with an unknown key": ({"set": "training.epochz=1"}, ["set.training.epochz", "'epochs'"]),
    "set with a wrong value": ({"set": "training.epochs=few"}, ["set.training.epochs", "'few'"]),
    "set with a study's key": ({"set": "seeds=3"}, ["set.seeds", "training"]),
    "set with a missing preset": ({"set": "model=presets/smal"}, ["set", "model", "'small'"]),
    "set with a wrong metric": ({"set": "training.monitor=val_los"}, ["set.training.monitor", "'val_loss'"]),
    "set that is a number": ({"set": 5}, ["set", "5"]),
    "smoke that is text": ({"smoke": "perhaps"}, ["smoke", "'perhaps'"]),
    "unknown key in identity": ({"identity": {"env": True}}, ["identity.env", "environment"]),
    "identity that is a boolean": ({"identity": True}, ["identity", "mapping"]),
    "bad device": ({"machine": {"device": "gpu"}}, ["machine.device", "'gpu'", "cuda"]),
    "unknown key in machine": ({"machine": {"devise": "cpu"}}, ["machine.devise", "'device'"]),
    "machine that is a number": ({"machine": 5}, ["machine", "5"]),
    "unknown machine": ({"machine": "offic"}, ["machine", "'offic'", "'office'"]),
    "bad device in a preset": (
        {"machine": "office"},
        ["presets/machine/office.yaml", "device", "'gpu'", "cuda"],
    ),
    "results that are a file": ({"machine": {"results": "tumours.csv"}}, ["results", "tumours.csv"]),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_a_wrong_configuration_is_refused(case: str, project: Path) -> None:
    other = project / "other" / "digits.yaml"
    other.parent.mkdir()
    other.write_text(FILES["config/studies/digits.yaml"])
    config, said = CONFIGURATIONS[case]
    message = refusal(config)
    for fragment in said:
        assert fragment in message


@pytest.mark.parametrize(
    "text", ["[1, 2]", "study", "5", "study: [", "study: digits\nstudy: digits\n", "studi: x"]
)
def test_a_wrong_configuration_file_is_named(text: str, project: Path) -> None:
    CONFIG_FILE.write_text(text)
    with pytest.raises(UserError) as caught:
        load_plan()
    assert str(caught.value).startswith(str(CONFIG_FILE))


def test_an_empty_configuration_is_the_defaults(project: Path) -> None:
    CONFIG_FILE.write_text("")
    assert load_plan().targets() == load_plan({}).targets()


@pytest.mark.parametrize("text", ["abc", "-1", "1.5", " 3", "²", "9" * 30, "9" * 5000, str(2**63)])
def test_a_wrong_seed_of_the_environment_is_named(
    text: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_SEED", text)
    message = refusal({})
    assert message.startswith("ASSAY_SEED")
    assert text[:20] in message


def test_a_damaged_cache_of_digests_is_made_again(project: Path) -> None:
    Path(STUDY).write_text(
        "base: {data.source: {name: csv, path: tumours.csv, target: kind}}\nvariants: {a: {}}\n"
    )
    expected = load_plan({"study": "wrong"}).targets()
    cache = project / "results" / ".file-digests.json"
    for content in (b"[]", b"{", b"\xff", b"5", b""):
        cache.write_bytes(content)
        assert load_plan({"study": "wrong"}).targets() == expected


def test_a_section_s_words_do_not_leak_into_good_studies(project: Path) -> None:
    """What stands in the cases as right is right: the messages lead to something that works."""
    Path(STUDY).write_text(
        "base:\n  data.source: {name: csv, path: tumours.csv, target: kind, features: [radius, texture]}\n"
        "  training: {monitor: val_accuracy, mode: max, learning_rate: 1e-3}\n"
        "variants: {plain: {}, b: {model.dropout: 0.1, loss: focal}, own: {model: mine:Net}}\n"
        "seeds: [3, 1]\ncomparisons: {baseline: plain, metric: val_accuracy}\n"
    )
    assert isinstance(load_plan({"study": "wrong"}), Plan)


KEYS = st.sampled_from(
    [
        "question",
        "notes",
        "base",
        "variants",
        "grid",
        "seeds",
        "comparisons",
        "data",
        "source",
        "split",
        "test",
        "validation",
        "stratify",
        "seed",
        "standardize",
        "task",
        "model",
        "loss",
        "training",
        "epochs",
        "batch_size",
        "learning_rate",
        "optimizer",
        "scheduler",
        "monitor",
        "mode",
        "keep_every",
        "save_artifacts",
        "numerics",
        "threads",
        "dtype",
        "evaluation",
        "enabled",
        "checkpoint",
        "predictions",
        "baseline",
        "metric",
        "alpha",
        "name",
        "preset",
        "widths",
        "dropout",
        "path",
        "target",
        "features",
        "anything",
        "weights",
        "data.split.test",
        "a",
        "b",
        "training.optimizer",
        "model.anything",
        "model.weights",
        "loss.gamma",
        ".",
        "..",
        "a..b",
    ]
)
TEXTS = st.sampled_from(
    [
        "mlp",
        "cnn",
        "digits",
        "csv",
        "npz",
        "parquet",
        "focal",
        "sgd",
        "presets/small",
        "presets/misspelt",
        "presets/none",
        "mine:Net",
        "mine:MLP",
        "mine:ListOfMetrics",
        "unfinished:Net",
        "accuracy",
        "val_accuracy",
        "val_loss",
        "run",
        "a",
        "b",
        "tumours.csv",
        "folder",
        "kind",
        "float64",
        "max",
    ]
) | st.text(max_size=4)
SCALARS = st.one_of(
    TEXTS, st.integers(-3, 40), st.floats(), st.booleans(), st.none(), st.sampled_from([10**30, 1e-3])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            KEYS | st.integers(0, 3) | st.booleans() | st.none() | st.floats(), inner, max_size=4
        )
    ),
    max_leaves=15,
)
SECTION = st.dictionaries(KEYS, VALUES, max_size=5)
STUDIES = st.fixed_dictionaries(
    {},
    optional={
        "base": SECTION | VALUES,
        "variants": st.dictionaries(TEXTS, SECTION | VALUES, max_size=3) | VALUES,
        "grid": st.dictionaries(KEYS, st.lists(VALUES, max_size=3), max_size=2) | VALUES,
        "seeds": st.integers(-1, 9) | VALUES,
        "comparisons": SECTION | VALUES,
        "bse": VALUES,
    },
)
RELAXED = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def attempt(text: str) -> None:
    """Load a study's text; any exception but UserError is the test's failure."""
    Path(STUDY).write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        load_plan({"study": "wrong"})
    except UserError as error:
        assert str(error)
    try:
        assert isinstance(load(Path(STUDY)), Study)
    except UserError as error:
        assert str(error).strip()


@RELAXED
@given(study=STUDIES)
def test_any_structure_is_a_study_or_a_user_error(study: dict[str, Any], project: Path) -> None:
    attempt(yaml.safe_dump(study, allow_unicode=True, sort_keys=False))


GOOD = """\
base:
  data.source: {name: csv, path: tumours.csv, target: kind}
  model: {preset: small, dropout: 0.1}
  training: {epochs: 3, optimizer: {name: sgd, momentum: 0.9}}
variants:
  a: {}
  b: {model.widths: [8, 4], loss: focal}
  c: {grid: {training.learning_rate: [0.1, 1e-2]}}
seeds: [1, 2]
comparisons: {baseline: a, metric: accuracy}
"""


@RELAXED
@given(
    start=st.integers(0, len(GOOD)),
    length=st.integers(0, 8),
    patch=st.sampled_from(
        ["", "\n", ":", "{", "]", "*", "&a ", "!!", "- ", "\t", '"', "a", "1", ".nan", "null"]
    )
    | st.text(max_size=2),
)
def test_any_slip_of_the_hand_is_a_study_or_a_user_error(
    start: int, length: int, patch: str, project: Path
) -> None:
    attempt(GOOD[:start] + patch + GOOD[start + length :])
