"""The code that a result depends on: what is followed, what makes a difference, that nothing is missed."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from assay import closure, components, syntax
from assay.errors import UserError
from assay.plan import VariantPlan, load_plan
from assay.study.load import find
from caches import forget

SCRIPTS = Path(closure.__file__).parents[1]
TREES = json.loads((Path(__file__).parent / "golden" / "trees.json").read_text())
Reach = Callable[..., set[str]]


@pytest.fixture
def reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reach:
    """Write files to a folder on the path; the names that an entry reaches there."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write_and_follow(files: dict[str, str], entry: str = "pkg.main") -> set[str]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        forget()
        return set(closure.closure([entry]))

    return write_and_follow


PACKAGE = {
    "pkg/__init__.py": "",
    "pkg/helper.py": "def f(): pass",
    "pkg/other.py": "",
    "pkg/sub/__init__.py": "",
    "pkg/sub/deep.py": "class Deep: pass",
    "pkg/sub/main.py": "from ..helper import f\nfrom . import deep\nfrom .. import other as o",
    "pkg/far.py": "from pkg.helper import f",
    "single.py": "",
    "gc.py": "",
    "pkg/gc.py": "",
}

IMPORTS = {
    "nothing": ("", set()),
    "what is built in, whatever files are called": ("import gc, pkg.gc", {"pkg.gc"}),
    "absolute": ("import pkg.helper", {"pkg.helper"}),
    "absolute, renamed": ("import pkg.helper as h", {"pkg.helper"}),
    "several": ("import single, pkg.other", {"single", "pkg.other"}),
    "dotted": ("import pkg.sub.deep", {"pkg.sub", "pkg.sub.deep"}),
    "from a module": ("from pkg.helper import f", {"pkg.helper"}),
    "from a package, a submodule": ("from pkg import helper", {"pkg.helper"}),
    "from a package, a submodule's name": ("from pkg.sub.deep import Deep", {"pkg.sub", "pkg.sub.deep"}),
    "relative": ("from .helper import f", {"pkg.helper"}),
    "relative, a submodule": ("from . import helper", {"pkg.helper"}),
    "relative, dotted": ("from .sub.deep import Deep", {"pkg.sub", "pkg.sub.deep"}),
    "in a function": ("def g():\n    from pkg import helper\n", {"pkg.helper"}),
    "in a method": ("class A:\n    async def g(self):\n        import pkg.helper\n", {"pkg.helper"}),
    "under a condition": ("import sys\nif sys.argv:\n    import pkg.helper\n", {"pkg.helper"}),
    "tried": (
        "try:\n    import nowhere\nexcept ImportError:\n    import pkg.helper\nelse:\n    import single\n",
        {"pkg.helper", "single"},
    ),
    "with, while, match": (
        "with open(__file__):\n    import single\nmatch 1:\n    case 1:\n        import pkg.helper\n",
        {"pkg.helper", "single"},
    ),
    "two away": ("import pkg.far", {"pkg.far", "pkg.helper"}),
    "star of a module": ("from pkg.far import *", {"pkg.far", "pkg.helper"}),
    "installed": ("import json, yaml\nfrom numpy import linalg\nimport os.path", set()),
    "not there": ("try:\n    from nowhere.at import all\nexcept ImportError: pass", set()),
    "not followed": (
        "from assay.errors import UserError\nfrom assay.settings import base\nfrom assay import store",
        {"assay"},
    ),
    "after a loop of imports": ("from pkg import again", {"pkg.again"}),
}


@pytest.mark.parametrize("case", IMPORTS)
def test_imports_are_followed(case: str, reach: Reach, tmp_path: Path) -> None:
    text, reached = IMPORTS[case]
    again = {"pkg/again.py": "from pkg import main"}
    assert reach(PACKAGE | again | {"pkg/main.py": text}) == {"pkg", "pkg.main"} | reached
    assert python_loads("pkg.main", tmp_path) <= {"pkg", "pkg.main"} | reached | {"assay"}


def python_loads(entry: str, root: Path) -> set[str]:
    """The modules below `root` that Python itself loads, functions called or not."""
    code = (
        "import sys; __import__(sys.argv[1]); found = sys.modules.items();"
        "print(*(n for n, m in found if str(getattr(m, '__file__', '')).startswith(sys.argv[2])))"
    )
    path = {"PYTHONPATH": f"{root}:{SCRIPTS}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code, entry, str(root)]
    return set(subprocess.run(command, capture_output=True, text=True, check=True, env=path).stdout.split())


def test_two_dots(reach: Reach) -> None:
    expected = {"pkg", "pkg.sub", "pkg.sub.main", "pkg.sub.deep", "pkg.helper", "pkg.other"}
    assert reach(PACKAGE, "pkg.sub.main") == expected


def test_what_a_package_runs_on_the_way(reach: Reach, tmp_path: Path) -> None:
    files = PACKAGE | {"pkg/sub/__init__.py": "from .. import other", "pkg/main.py": "import pkg.sub.deep"}
    expected = {"pkg", "pkg.main", "pkg.sub", "pkg.sub.deep", "pkg.other"}
    assert reach(files) == expected == python_loads("pkg.main", tmp_path)


def test_a_folder_without_init_is_no_obstacle(reach: Reach) -> None:
    files = {
        "space/inner/mod.py": "from . import near",
        "space/inner/near.py": "",
        "main.py": "import space.inner.mod",
    }
    assert reach(files, "main") == {"main", "space.inner.mod", "space.inner.near"}


def test_a_star_loads_the_submodules_that_the_package_lists(reach: Reach, tmp_path: Path) -> None:
    files = PACKAGE | {
        "pkg/sub/__init__.py": "__all__ = ['deep', 'inner']",
        "pkg/sub/inner/__init__.py": "",
        "pkg/main.py": "from pkg.sub import *",
    }
    files.pop("pkg/sub/main.py")
    loaded = python_loads_after(reach, files, tmp_path)
    assert {"pkg.sub.deep", "pkg.sub.inner"} <= loaded
    assert loaded <= reach(files)


def python_loads_after(reach: Reach, files: dict[str, str], root: Path) -> set[str]:
    reach(files)
    return python_loads("pkg.main", root)


def test_no_module_has_two_names(reach: Reach) -> None:
    files = PACKAGE | {"pkg/main.py": "from pkg.sub import *\nfrom . import *\n"}
    assert not [name for name in reach(files) if name.endswith("__init__")]


def test_imports_for_type_checkers_are_not_followed(reach: Reach) -> None:
    for guard in (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:",
        "import typing\nif typing.TYPE_CHECKING:",
    ):
        text = f"{guard}\n    import pkg.helper\nelse:\n    import pkg.other\n"
        assert reach(PACKAGE | {"pkg/main.py": text}) == {"pkg", "pkg.main", "pkg.other"}
    for text in (
        "if not TYPE_CHECKING:\n    import pkg.helper\n",
        "if TYPE_CHECKING:\n    pass\nelse:\n    if 1:\n        import pkg.helper\n",
        "if TYPE_CHECKING:\n    pass\nelif 1:\n    import pkg.helper\n",
        "if TYPE_CHECKING or 1:\n    import pkg.helper\n",
        "if 0:\n    pass\nelif TYPE_CHECKING:\n    import pkg.other\nelse:\n    import pkg.helper\n",
    ):
        found = reach(PACKAGE | {"pkg/main.py": f"from typing import TYPE_CHECKING\n{text}"})
        assert found == {"pkg", "pkg.main", "pkg.helper"}, text


def test_circles_end(reach: Reach) -> None:
    files = {"a.py": "import b", "b.py": "import c", "c.py": "import a, c"}
    assert reach(files, "a") == {"a", "b", "c"}


def test_an_entry_that_is_not_there_or_is_no_python(reach: Reach) -> None:
    with pytest.raises(UserError, match=r"nowhere\.at"):
        reach({}, "nowhere.at")
    for text in ("def f(:\n", "x = 1\0\n"):
        with pytest.raises(UserError, match=r"bad\.py.*not valid Python") as caught:
            reach({"bad.py": text, "main.py": "import bad"}, "main")
        assert "None" not in str(caught.value)


def test_installed_packages_behind_a_link_are_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home on a cluster, or /tmp on macOS, is a link: the interpreter's paths keep it."""
    (tmp_path / "real" / "lib").mkdir(parents=True)
    (tmp_path / "real" / "lib" / "installed.py").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "mine.py").write_text("import installed\n")
    monkeypatch.syspath_prepend(str(tmp_path / "link" / "lib"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda kind, *_: str(tmp_path / "link" / "lib"))
    forget()
    assert set(closure.closure(["mine"])) == {"mine"}
    forget()


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_packages_of_the_system_are_not_followed(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "of_the_system.py").write_text("")
    (tmp_path / "mine.py").write_text("import of_the_system\n")
    monkeypatch.syspath_prepend(str(tmp_path / folder))
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    assert set(closure.closure(["mine"])) == {"mine"}


# --- what makes a difference

SOURCE = '''\
"""A module."""

from __future__ import annotations

import os  # a comment

SIZE = 10


@staticmethod
def scale(x: float, factor: float = 2.0, *rest: int, sign=+1, **more) -> float:
    """Scale."""
    # why
    y = [x * factor for _ in range(SIZE)]
    return y[0] + 1


class A(dict):
    """Class."""

    size: int = 3

    def go(self):
        """Go."""
        if self.size > 3 and SIZE:
            return f"a{self.size!r:>3}" "b"
        return None
'''
SAME = {
    "no comment": ("  # a comment", ""),
    "another comment": ("# why", "# why not\n    # at all"),
    "another docstring of the module": ('"""A module."""', '"""Another,\n\nlonger one."""'),
    "no docstring of the module": ('"""A module."""\n', ""),
    "no docstring of a function": ('    """Scale."""\n', ""),
    "no docstring of a class": ('    """Class."""\n', ""),
    "another docstring of a method": ('"""Go."""', "'Went.'"),
    "a text below an attribute": ("    size: int = 3\n", '    size: int = 3\n    """How large."""\n'),
    "blank lines": ("SIZE = 10\n", "\n\n\nSIZE = 10\n\n\n\n"),
    "no blank lines": ("\n\n\n", "\n"),
    "quotes": ('f"a{self.size!r:>3}" "b"', "f'''a{self.size!r:>3}''' 'b'"),
    "one text for two": ('f"a{self.size!r:>3}" "b"', 'f"a{self.size!r:>3}b"'),
    "lines joined": ("range(SIZE)]", "range(\n        SIZE\n    )]"),
    "parentheses": ("x * factor for", "(x * factor) for"),
    "indentation": ("            return f", "                    return f"),
    "spelling of a number": ("SIZE = 10", "SIZE = 0xA"),
    "underscores": ("SIZE = 10", "SIZE = 1_0"),
    "a trailing comma": ("**more)", "**more,)"),
    "a semicolon": ("SIZE = 10\n", "SIZE = 10;\n"),
    "an import for type checkers": ("import os  #", "if TYPE_CHECKING:\n    import json\nimport os  #"),
    "line ends": ("\n", "\r\n"),
}
OTHER = {
    "constant": ("SIZE = 10", "SIZE = 11"),
    "type of a constant": ("SIZE = 10", "SIZE = 10.0"),
    "text for bytes": ('"b"', '"c"'),
    "operator": ("x * factor", "x / factor"),
    "sign": ("sign=+1", "sign=-1"),
    "comparison": ("> 3", ">= 3"),
    "and, or": (" and ", " or "),
    "default": ("factor: float = 2.0", "factor: float = 2.5"),
    "default of a keyword": ("sign=+1", "sign=+2"),
    "no default": ("factor: float = 2.0", "factor: float"),
    "keyword only": ("*rest: int, sign", "*rest: int, _=0, sign"),
    "name of an argument": ("**more", "**others"),
    "annotation": ("x: float", "x: int"),
    "annotation of an attribute": ("size: int = 3", "size: float = 3"),
    "decorator": ("@staticmethod", "@classmethod"),
    "no decorator": ("@staticmethod\n", ""),
    "base class": ("A(dict)", "A(list)"),
    "no base class": ("A(dict)", "A"),
    "metaclass": ("A(dict)", "A(dict, metaclass=type)"),
    "removed line": ("    y = [x * factor for _ in range(SIZE)]\n", ""),
    "order": ("SIZE = 10", "SIZE = 10; x = 1"),
    "async": ("    def go", "    async def go"),
    "conversion": ("!r", "!s"),
    "format": (":>3", ":<3"),
    "name": ("return y[0]", "return x[0]"),
    "index": ("y[0]", "y[-1]"),
    "slice": ("y[0]", "y[0:]"),
    "None for a number": ("return None", "return 0"),
    "nothing for None": ("return None", "return"),
    "import": ("import os", "import sys"),
    "import renamed": ("import os", "import os as o"),
    "from future": ("from __future__ import annotations\n", ""),
    "what is else than for type checkers": (
        "import os",
        "if TYPE_CHECKING:\n    pass\nelse:\n    x = 1\nimport os",
    ),
    "a text that is used": ("SIZE = 10", 'SIZE = 10; print("10")'),
}


def changed(source: str, old: str, new: str) -> str:
    assert old in source
    return source.replace(old, new, 1) if old != "\n" else source.replace(old, new)


@pytest.mark.parametrize("case", SAME)
def test_what_makes_no_difference(case: str) -> None:
    after = changed(SOURCE, *SAME[case])
    assert after != SOURCE
    assert syntax.source_digest(after.encode()) == syntax.source_digest(SOURCE.encode())


def test_what_makes_a_difference() -> None:
    digests = {syntax.source_digest(SOURCE.encode()): "nothing"}
    for case, (old, new) in OTHER.items():
        digest = syntax.source_digest(changed(SOURCE, old, new).encode())
        assert digest not in digests, f"{case} is as {digests[digest]}"
        digests[digest] = case


def test_close_texts_have_distinct_digests() -> None:
    """Pairs that a careless dump of a tree would confuse."""
    texts = [
        "x = None", "x = 'None'", "x = b'None'", "x = 0", "x = 0.0", "x = -0.0", "x = 0j",
        "x = False", "x = ''", "x = ...", "x = (1,)", "x = [1]", "x = {1}", "x = {1: 1}", "x: int",
        "x: int = None", "(x): int = None", "x = y = z", "x, y = z", "[x, y] = z", "f(a, *b)",
        "f(*a, b)", "f(a=b)", "f(**b)", "{**a}", "{a: b}", "return_ = 1", "import a.b",
        "from a import b", "from .a import b", "from ..a import b", "from . import a",
        "import a, b", "import a as b", "def f(a, /): pass", "def f(a): pass", "def f(*, a): pass",
        "def f(a=None): pass", "def f(*a): pass", "def f(**a): pass", "lambda a: a", "f'{x}'",
        "f'{x!r}'", "f'{x=}'", "f'{x:1}'", "f'x'", "x = 'x'", "[a for a in b]", "{a for a in b}",
        "(a for a in b)", "{a: a for a in b}", "[a async for a in b]", "[a for a in b if c]",
        "a[b]", "a[b:]", "a[:b]", "a[::b]", "a[b,]", "a.b", "del a", "global a", "nonlocal a",
        "assert a", "assert a, b", "raise a", "raise a from b", "while a: b", "while a: b\nelse: c",
        "for a in b: c", "if a: b", "if a: b\nelse: c", "if a:\n if b: c\nelse: d",
        "if a:\n if b: c\n else: d", "try: a\nexcept b: c", "try: a\nexcept* b: c",
        "try: a\nexcept b as c: d", "try: a\nfinally: c", "with a: b", "with a as c: b", "a @ b",
        "a ** b", "a // b", "not a", "~a", "a is b", "a is not b", "a in b", "a not in b",
        "a < b < c", "(a < b) < c", "a < (b < c)", "a if b else c", "match a:\n case b: c",
        "match a:\n case 'b': c", "match a:\n case [b]: c", "match a:\n case [*b]: c",
        "match a:\n case {'b': c}: d", "match a:\n case {**b}: c", "match a:\n case B(): c",
        "match a:\n case B(c): c", "match a:\n case B(c=c): c", "match a:\n case _: c",
        "match a:\n case None: c", "match a:\n case b.c: c", "yield_ = (yield)", "x = (yield x)",
        "x = (yield from x)", "(x := 1)",
    ]  # fmt: skip

    def digest(text: str) -> str:
        wrapped = text.replace("\n", "\n ")
        return syntax.source_digest(f"def g():\n {wrapped}\n".encode())

    found: dict[str, str] = {}
    for text in texts:
        assert found.setdefault(digest(text), text) == text, f"{text!r} is as {found[digest(text)]!r}"


# --- the same on every Python


@pytest.mark.parametrize("case", TREES, ids=lambda case: case["name"])
def test_released_digests_of_trees(case: dict[str, str]) -> None:
    """A change of these digests moves the code's half of every address there is."""
    assert syntax.source_digest(case["source"].encode()) == case["digest"]


def other_pythons() -> list[str]:
    """Interpreters from 3.11 on, installed beside this one or on the path."""
    beside = sorted(Path(sys.base_prefix).parent.glob("*3.*/bin/python3"))
    candidates = [*map(str, beside), *(f"python3.{minor}" for minor in range(11, 16))]
    found: dict[str, str] = {}
    for candidate in candidates:
        ask = [candidate, "-c", "import sys; print(*sys.version_info[:3])"]
        try:
            answer = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            continue
        if tuple(map(int, answer.split())) >= (3, 11, 0):
            found.setdefault(answer, candidate)
    return list(found.values())


def test_digests_are_the_same_on_other_versions_of_python() -> None:
    code = (
        "import json, sys\n"
        "from assay import syntax\n"
        "cases = json.load(open(sys.argv[1]))\n"
        "print(json.dumps([syntax.source_digest(case['source'].encode()) for case in cases]))\n"
    )
    expected = [case["digest"] for case in TREES]
    for python in other_pythons():
        golden = Path(__file__).parent / "golden" / "trees.json"
        command = [python, "-c", code, str(golden)]
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        found = json.loads(run.stdout)
        wrong = [case["name"] for case, digest in zip(TREES, found, strict=True) if digest != case["digest"]]
        assert found == expected, f"{python}: {wrong}"


# --- the project's own closures

STUDY = """
base: {data.source: %s}
variants:
  plain: {}
  focal: {loss: focal, model: cnn, training: {optimizer: sgd, scheduler: cosine}}
"""


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, VariantPlan]:
    """The recipes of two variants."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        forget()
        (folder / "config" / "studies").mkdir(parents=True)
        (folder / "config" / "studies" / "s.yaml").write_text(STUDY % "digits")
        assert find("s")
        plan = load_plan({"study": "s"})
        for recipe in plan.recipes.values():
            assert recipe.code
        forget()
        return {variant.variant.name: variant for variant in plan.studies[0].variants}


def named(code: object, group: str) -> set[str]:
    assert isinstance(code, dict)
    found = {name.rsplit(".", 1)[1] for name in code if name.startswith(f"assay.{group}.")}
    return {name for name in found if not name.startswith("_")}  # what components share


def test_every_module_that_is_listed_exists() -> None:
    for module in (
        *closure.NOT_FOLLOWED,
        *(entry for entries in closure.ENTRIES.values() for entry in entries),
    ):
        assert components.find_module(module) is not None, module


def test_what_was_not_followed_is_never_followed() -> None:
    """To follow one of them moves every address there is, though no result would change."""
    decides = "canonical closure components configuration errors plan recipe settings study yamlfile"
    watches = "environment store training.watch"
    assert {f"assay.{name}" for name in f"{decides} {watches}".split()} <= set(closure.NOT_FOLLOWED)


def test_no_closure_holds_what_is_not_followed(plans: dict[str, VariantPlan]) -> None:
    for stage, entries in closure.ENTRIES.items():
        found = closure.closure(entries)
        assert set(entries) <= set(found), stage
        assert all(name == "assay" or name.startswith("assay.") for name in found), stage
        for name in found:
            assert not any(f"{name}.".startswith(f"{hidden}.") for hidden in closure.NOT_FOLLOWED), (
                stage,
                name,
            )


def test_a_recipe_s_code_is_its_own_components(plans: dict[str, VariantPlan]) -> None:
    plain, focal = plans["plain"], plans["focal"]
    train = dict(plain.train.code)
    assert named(train, "losses") == {"cross_entropy"}
    assert named(train, "models") == {"mlp"}
    assert named(train, "optimizers") == {"adamw"}
    assert named(train, "schedulers") == {"constant"}
    assert named(train, "tasks") == {"classification"}
    assert named(train, "datasets") == set()
    other = dict(focal.train.code)
    assert named(other, "losses") == {"focal"}
    assert named(other, "models") == {"cnn"}
    assert named(other, "optimizers") == {"sgd"}
    assert named(other, "schedulers") == {"cosine"}
    prepare = dict(plain.prepare.code)
    assert named(prepare, "datasets") == {"digits"}
    assert not [
        name for name in prepare if name.startswith(("assay.training", "assay.models", "assay.tasks"))
    ]
    assert plain.evaluate is not None
    evaluate = dict(plain.evaluate.code)
    assert named(evaluate, "models") == {"mlp"}
    assert named(evaluate, "losses") == {"cross_entropy"}
    assert named(evaluate, "tasks") == {"classification"}
    assert named(evaluate, "optimizers") == set()
    assert named(evaluate, "schedulers") == set()


@pytest.mark.parametrize(
    ("stage", "inside", "outside"),
    [
        (
            "prepare",
            ["data.prepare", "data.split", "streams", "digest"],
            ["training", "report", "statistics", "results"],
        ),
        (
            "train",
            ["training.loop", "training.build", "numerics", "streams", "tasks"],
            ["report", "statistics", "results"],
        ),
        (
            "evaluate",
            ["evaluation.run", "training.build", "training.checkpoint"],
            ["report", "statistics", "results"],
        ),
        ("aggregate", ["results.aggregate"], ["training", "report", "statistics", "models"]),
        ("compare", ["results.compare", "statistics.paired"], ["training", "report", "models", "data"]),
        ("report", ["report.render", "report.figures"], ["training", "models", "data", "evaluation"]),
    ],
)
def test_a_stage_s_code_is_that_stage_s(stage: str, inside: list[str], outside: list[str]) -> None:
    found = set(closure.closure(closure.ENTRIES[stage]))
    assert {f"assay.{name}" for name in inside} <= found
    for name in outside:
        assert not [module for module in found if f"{module}.".startswith(f"assay.{name}.")], name


@pytest.mark.parametrize("stage", ["prepare", "aggregate", "compare"])
def test_python_loads_nothing_that_is_missed(stage: str) -> None:
    """The same question asked of Python itself (stages that do not import torch: it is slow to import)."""
    entry = closure.ENTRIES[stage][0]
    followed = set(closure.closure([entry]))
    loaded = {
        name
        for name in python_loads(entry, SCRIPTS)
        if not any(f"{name}.".startswith(f"{hidden}.") for hidden in closure.NOT_FOLLOWED)
    }
    assert loaded <= followed


def test_a_digest_of_a_closure_holds_names_and_content() -> None:
    one = closure.digest({"a": "1", "b": "2"})
    assert one == closure.digest({"b": "2", "a": "1"})
    assert (
        len({one, closure.digest({"a": "2", "b": "1"}), closure.digest({"a": "1"}), closure.digest({})}) == 4
    )
