"""Components by name: where they are found, what settings they take, what is said of a wrong one."""

from __future__ import annotations

import inspect
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
from assay.components import GROUPS, check, define, find_module, names
from assay.construct import load
from assay.errors import UserError
from assay.settings.component import Dataset, Model
from assay.settings.stages import EvaluateSettings, PrepareSettings
from assay.settings.validate import validate
from assay.settings.variant import VariantSettings
from caches import forget

BUILT_IN = [(group, name) for group in GROUPS for name in names(group)]
SETTINGS: dict[str, tuple[str | int, ...]] = {
    "augmentations": ("training", "augmentations", 0),
    "callbacks": ("training", "callbacks", 0),
    "datasets": ("data", "source"),
    "encoders": ("model", "encoder"),
    "latents": ("model", "latent"),
    "decoders": ("model", "decoder"),
    "losses": ("loss",),
    "models": ("model",),
    "optimizers": ("training", "optimizer"),
    "schedulers": ("training", "scheduler"),
    "tasks": ("task",),
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Write a module of the user's in the current folder; its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def write(text: str, path: str = "") -> str:
        name = f"own_{abs(hash((request.node.name, path))) % 10**9}"
        file = tmp_path / (path.format(name) or f"{name}.py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        forget()
        return name

    yield write
    forget()
    for name in set(sys.modules) - before:
        if name.startswith("own_"):
            del sys.modules[name]


def model(name: str, **given: Any) -> Model:
    """A model's settings as a study gives them, completed."""
    complete, wrong = validate(VariantSettings, {"model": {"name": name, **given}})
    assert complete is not None, wrong
    return complete.model


def refusal(name: str, **given: Any) -> str:
    complete, wrong = validate(VariantSettings, {"model": {"name": name, **given}})
    assert complete is None
    ((_, text),) = wrong
    return text


@pytest.mark.parametrize(("group", "name"), BUILT_IN, ids=lambda item: str(item))
def test_every_file_of_a_group_is_a_component(group: str, name: str) -> None:
    defined = define(group, name)
    assert defined.module == f"assay.{group}.{name}"
    assert defined.docstring
    found = load(group, name)
    assert found.__name__ == defined.attribute
    parameters = inspect.signature(found).parameters
    keywords = {n for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    if group != "tasks":
        assert set(defined.settings) == keywords
    for setting in defined.settings.values():
        default = parameters[setting.name].default
        assert setting.required == (default is inspect.Parameter.empty)
        if not setting.required:
            assert setting.default == (list(default) if isinstance(default, tuple) else default)
        # an annotation that is not understood would let any value through
        assert setting.annotation is not typing.Any, f"{name}.{setting.name}"


@pytest.mark.parametrize(("group", "name"), BUILT_IN, ids=lambda item: str(item))
def test_an_unknown_setting_is_refused_with_the_nearest(group: str, name: str) -> None:
    content: Any = {"name": name, "nonsense": 1}
    for setting in define(group, name).settings.values():
        if setting.required:
            content[setting.name] = "x" if setting.annotation != list[int] else [1]
    for key in reversed(SETTINGS[group]):
        content = [content] if isinstance(key, int) else {key: content}
    if group in ("encoders", "latents", "decoders"):
        content["model"]["name"] = "autoencoder"
    complete, wrong = validate(VariantSettings, content)
    assert complete is None
    assert [at for at, _ in wrong] == [(*SETTINGS[group], "nonsense")]
    assert "unknown key" in wrong[0][1] and "name" in wrong[0][1]


def test_wrong_names_lead_to_right_ones() -> None:
    for group, wrong, right in (
        ("models", "MLP", "mlp"),
        ("models", "ml", "mlp"),
        ("losses", "crossentropy", "cross_entropy"),
        ("optimizers", "adam_w", "adamw"),
        ("datasets", "digit", "digits"),
        ("tasks", "clasification", "classification"),
        ("schedulers", "cos", "cosine"),
    ):
        with pytest.raises(UserError) as caught:
            define(group, wrong)
        assert repr(wrong) in str(caught.value)
        assert right in str(caught.value)
        assert GROUPS[group] in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", " ", ".", "__init__", "../mlp", "mlp.py", "a:b:c", ":Net", "x:", "a..b:C", "1:a", "a b:C"]
)
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UserError):
        define("models", name)


NET = """
from torch import nn
raise_at_import = 1 / 0

def _hidden(): pass

class Base:
    def __init__(self, input_shape, outputs, activation="relu", *, width: int = 4, note=None):
        pass

class Deeper_Net(Base):
    kind = "deep"
    sizes: list = [1, 2]
    computed = len("x")

def small_net(input_shape, outputs, /, *, rate: float): pass
"""


def test_a_user_s_own_module_is_read_and_not_imported(module: Any) -> None:
    name = module(NET)
    defined = define("models", f"{name}:Base")
    assert defined.module == name
    assert list(defined.settings) == ["activation", "width", "note"]
    assert defined.settings["width"].annotation is int
    assert defined.settings["note"].annotation is Any
    assert name not in sys.modules


def test_a_name_is_found_whatever_its_case(module: Any) -> None:
    name = module(NET)
    assert define("models", f"{name}:deepernet").attribute == "Deeper_Net"
    assert define("models", f"{name}:SmallNet").attribute == "small_net"
    with pytest.raises(UserError, match=r"'Bas'.*'Base'"):
        define("models", f"{name}:Bas")
    with pytest.raises(UserError, match="_hidden"):
        define("models", f"{name}:_hidden")


def test_an_exact_name_goes_before_a_similar_one(module: Any) -> None:
    name = module(
        "def net(a, b, *, x: int = 1): pass\nclass Net:\n    def __init__(self, a, b, *, y: int = 1): pass\n"
    )
    assert list(define("models", f"{name}:net").settings) == ["x"]
    assert list(define("models", f"{name}:Net").settings) == ["y"]


def test_settings_of_a_base_class_in_the_same_file(module: Any) -> None:
    defined = define("models", f"{module(NET)}:Deeper_Net")
    assert "width" in defined.settings
    assert defined.literals == {"kind": "deep", "sizes": [1, 2]}


def test_a_required_setting(module: Any) -> None:
    name = module(NET)
    assert "rate: " not in refusal(f"{name}:small_net")
    assert "is missing" in refusal(f"{name}:small_net")
    assert model(f"{name}:small_net", rate=1).settings == {"rate": 1.0}


def test_modules_in_packages_and_folders(module: Any, tmp_path: Path) -> None:
    text = "class Net:\n    def __init__(self, a, b, *, x: int = 1): pass\n"
    name = module(text, "{}/inner/nets.py")
    assert define("models", f"{name}.inner.nets:Net").file == tmp_path / name / "inner" / "nets.py"
    loaded = load("models", f"{name}.inner.nets:Net")
    assert loaded.__module__ == f"{name}.inner.nets"
    package = module(text, "{}/__init__.py")
    assert find_module(package) == tmp_path / package / "__init__.py"
    assert load("models", f"{package}:Net")(1, 2, x=3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Net(:\n", ":1: is not valid Python"),
        ("\n\ndef f():\nreturn 1\n", "is not valid Python"),
        ("x = 1\0", "is not valid Python"),
        ("# nothing here\n", "defines no 'Net'"),
        ("Net = 3\n", "defines no 'Net'"),
        ("from collections import OrderedDict as Net\n", "defines no 'Net'"),
    ],
)
def test_a_module_that_is_no_component(text: str, said: str, module: Any) -> None:
    name = module(text)
    with pytest.raises(UserError) as caught:
        define("models", f"{name}:Net")
    assert name in str(caught.value)
    assert said in str(caught.value)
    assert "None" not in str(caught.value)


def test_a_module_that_is_nowhere(module: Any) -> None:
    with pytest.raises(UserError, match=r"no module 'no\.such\.thing'.*package\.module:Name"):
        define("models", "no.such.thing:Net")


def test_classes_that_are_their_own_base(module: Any) -> None:
    name = module(
        "from assay.models.mlp import MLP\nclass MLP(MLP): pass\n"
        "class A(B): pass\nclass B(A): pass\n"
        "class C(MLP): pass\nclass D(C):\n    def __init__(self, a, b, *, x: int = 1): pass\n"
        "class E(D): pass\n"
    )
    for attribute in ("A", "B"):
        assert define("models", f"{name}:{attribute}").settings == {}
    for attribute in ("MLP", "C"):  # of the imported one
        assert list(define("models", f"{name}:{attribute}").settings) == ["widths", "dropout"]
    assert list(define("models", f"{name}:E").settings) == ["x"]


def test_modules_whose_classes_derive_from_each_other(module: Any) -> None:
    first = module("", "{}.py")
    second = module(f"from {first} import A\nclass B(A): pass\n", "second_{}.py")
    Path(f"{first}.py").write_text(f"from second_{second} import B\nclass A(B): pass\n")
    forget()
    assert define("models", f"{first}:A").settings == {}


ODD = """
from __future__ import annotations
import math
from collections.abc import Sequence
from typing import Literal
WIDTH = 3
class Net:
    def __init__(self, a, b, *, copy: bool = False, json: int = 1, schema: str = "x", model_config: int = 2,
                 model_type: str = "t", settings: int = 3, group: int = 4, identity: int = 5,
                 resolved: int = 6,
                 _hidden: int = 7, quoted: "float" = 1.0, union: int | None = None,
                 text: str | int = "a",
                 choice: Literal["x", "y"] = "x", numbers: Sequence[float] = (1.0,),
                 pair: tuple[float, float] = (0.5, 1),
                 table: dict[str, float] = {}, own: WIDTH = 3, wrong: 3 = 3,
                 many: tuple[int, ...] = (1, 2),
                 limit: float = math.inf, computed=WIDTH * 2, classes={0: 1.0}):
        self.given = {key: value for key, value in locals().items() if key not in ("self", "a", "b")}
"""


@pytest.mark.filterwarnings("error")
def test_settings_of_any_name_and_type(module: Any) -> None:
    name = module(ODD)
    given = {
        "copy": True, "json": 2, "schema": "y", "model_config": 3, "model_type": "u", "settings": 4,
        "group": 5, "identity": 6, "resolved": 7, "quoted": 2, "union": 1, "text": 5, "choice": "y",
        "numbers": [1, 2], "pair": [0.1, 0.2], "table": {"a": 1}, "own": 4, "wrong": 5, "many": [1, 2, 3],
        "limit": 2.5, "computed": "x",
    }  # fmt: skip
    complete = model(f"{name}:Net", **given)
    again = model(f"{name}:Net", **complete.settings)
    assert again == complete
    assert complete.group == "models"
    assert complete.identifying()["copy"] is True
    made = load("models", f"{name}:Net")(1, 2, **complete.settings)
    for key, value in given.items():
        assert (list(made.given[key]) if isinstance(made.given[key], tuple) else made.given[key]) == value, (
            key
        )


def test_what_is_not_given_is_what_python_would_use(module: Any) -> None:
    name = module(ODD)
    network = load("models", f"{name}:Net")
    plain = lambda value: list(value) if isinstance(value, tuple) else value  # noqa: E731
    with_defaults = network(1, 2, **model(f"{name}:Net").settings).given
    assert {k: plain(v) for k, v in with_defaults.items()} == {
        k: plain(v) for k, v in network(1, 2).given.items()
    }
    assert model(f"{name}:Net").identifying() == {"name": f"{name}:Net"}


def test_wrong_values_of_odd_settings(module: Any) -> None:
    name = module(ODD)
    for given in (
        {"copy": "yes"}, {"quoted": "x"}, {"union": "x"}, {"text": 1.5}, {"choice": "z"}, {"numbers": ["x"]},
        {"numbers": 1}, {"pair": [1]}, {"pair": [1, 2, 3]}, {"pair": ["a", "b"]}, {"table": [1]},
        {"many": ["x"]}, {"limit": "x"}, {"_hidden": 3}, {"a": 1}, {"self": 1},
    ):  # fmt: skip
        text = refusal(f"{name}:Net", **given)
        assert "Net" in text
        assert "setting_" not in text


def test_a_setting_cannot_be_called_name(module: Any) -> None:
    name = module("class Net:\n    def __init__(self, a, b, *, name: str = 'x'): pass\n")
    assert "name" in refusal(f"{name}:Net")


def test_files_are_known_by_their_annotation(module: Any) -> None:
    name = module(
        "from assay.data.samples import InputFile\n"
        "def mine(*, path: InputFile, labels: InputFile | None = None, more: str = 'x'): pass\n"
    )
    complete, wrong = validate(PrepareSettings, {"data": {"source": {"name": f"{name}:mine", "path": "a"}}})
    assert complete is not None, wrong
    assert complete.data.source.file_settings() == ["path"]
    both = Dataset.model_validate({"name": f"{name}:mine", "path": "a", "labels": "b"})
    assert both.file_settings() == ["path", "labels"]


def test_a_check_is_called_from_the_current_folder(module: Any) -> None:
    name = module(
        "from assay.errors import UserError\n"
        "def data(*, size: int = 1): pass\n"
        "def check(*, size):\n"
        "    if size == 2: raise UserError('size: must not be 2')\n"
        "    if size == 3: raise KeyError('three')\n"
    )
    check("datasets", f"{name}:data", {"size": 1})
    with pytest.raises(UserError, match="must not be 2"):
        check("datasets", f"{name}:data", {"size": 2})
    with pytest.raises(UserError, match=f"{name}.*three"):
        check("datasets", f"{name}:data", {"size": 3})
    with pytest.raises(UserError, match="sise"):
        check("datasets", f"{name}:data", {"sise": 3})


def test_settings_without_components() -> None:
    complete, wrong = validate(EvaluateSettings, {"evaluation": {"split": "tset"}})
    assert complete is None
    assert wrong == [
        (("evaluation", "split"), "'tset' is not valid; did you mean 'test'? valid: test, train, validation")
    ]
