"""Ways in which a user's model reaches code and files: what Python loads of them is what an address stands for.

Each is the content of a folder on PYTHONPATH. The model is `mine.model:Net`; `Net()` makes it use all it uses.
"""

from __future__ import annotations

from textwrap import dedent

MODEL = "class Net:\n    def __init__(self, *shape, size: int = 4):\n        use()\n\n\n"
"""What all of them share; `use` is a function of each."""


def model(before: str = "", use: str = "pass") -> str:
    """A module with the model."""
    return f"{dedent(before)}\n\n{MODEL}def use():\n" + "".join(
        f"    {line}\n" for line in dedent(use).splitlines()
    )


FILES: dict[str, dict[str, str]] = {
    "its own module alone": {"mine/model.py": model(), "mine/beside.py": "", "mine/table.txt": "1"},
    "an __init__.py": {"mine/__init__.py": "SIZE = 3", "mine/model.py": model("from mine import SIZE")},
    "an import at the top": {"mine/model.py": model("import mine.helper"), "mine/helper.py": ""},
    "an import in a function": {
        "mine/model.py": model("", "from mine import helper"),
        "mine/helper.py": "",
        "mine/other.py": "",
    },
    "an import under a condition": {
        "mine/model.py": model("import sys\nif sys.version_info > (3, 0):\n    import mine.helper"),
        "mine/helper.py": "",
    },
    "an import that is tried": {
        "mine/model.py": model("try:\n    import nowhere\nexcept ImportError:\n    import mine.helper"),
        "mine/helper.py": "",
    },
    "relative imports": {
        "mine/__init__.py": "",
        "mine/model.py": model("from .helper import f\nfrom . import second\nfrom .inner import *"),
        "mine/helper.py": "def f(): pass",
        "mine/second.py": "",
        "mine/inner/__init__.py": "from ..third import *\nfrom .deep import deeper",
        "mine/inner/deep/__init__.py": "",
        "mine/inner/deep/deeper.py": "from ..fifth import f\nfrom ...sixth import f",
        "mine/inner/fifth.py": "def f(): pass",
        "mine/sixth.py": "def f(): pass",
        "mine/fifth.py": "",
        "mine/third.py": "SIZE = 3",
        "mine/fourth.py": "",
    },
    "a helper two imports away": {
        "mine/model.py": model("from mine.near import f", "f()"),
        "mine/near.py": "def f():\n    from mine.far import g",
        "mine/far.py": "from elsewhere.farthest import g",
        "elsewhere/farthest.py": "def g(): pass",
    },
    "all names of a module": {
        "mine/model.py": model("from mine.helper import *"),
        "mine/helper.py": "SIZE = 3",
    },
    "a folder without __init__.py": {
        "mine/model.py": model("from mine.inner.helper import f"),
        "mine/inner/helper.py": "def f(): pass",
    },
    "a module beside a package of its name": {
        "mine/model.py": model("import mine.part"),
        "mine/part.py": "",
        "mine/part/__init__.py": "",
    },
    "a module beside a folder of its name": {
        "mine/model.py": model("import mine.part"),
        "mine/part.py": "",
        "mine/part/other.py": "",
    },
    "a submodule through its package": {
        "mine/__init__.py": "",
        "mine/model.py": model("import mine.inner\nmine.inner.deep.f()"),
        "mine/inner/__init__.py": "from mine.inner import deep",
        "mine/inner/deep.py": "def f(): pass",
    },
    "what a package gives when it is asked": {
        "mine/model.py": model("from mine import lazy", "lazy.thing"),
        "mine/lazy/__init__.py": "import sys\n\n\ndef __getattr__(name):\n    import mine.lazy.thing\n    return sys.modules['mine.lazy.thing']",
        "mine/lazy/thing.py": "",
        "mine/lazy/other.py": "",
    },
    "import_module of a text": {
        "mine/model.py": model("import importlib\nimportlib.import_module('mine.helper')"),
        "mine/helper.py": "",
    },
    "import_module of a relative text": {
        "mine/__init__.py": "",
        "mine/model.py": model(
            "from importlib import import_module\n"
            "import_module('.helper', __package__)\nimport_module('.inner.deep', 'mine')"
        ),
        "mine/helper.py": "",
        "mine/inner/__init__.py": "",
        "mine/inner/deep.py": "import importlib\nimportlib.import_module('..second', __package__)",
        "mine/second.py": "",
    },
    "__import__ of a text": {"mine/model.py": model("__import__('mine.helper')"), "mine/helper.py": ""},
    "a computed name that is declared": {
        "mine/model.py": model(
            "import importlib\nIMPORTS = ('mine.helper',)", "importlib.import_module('mine.' + 'helper')"
        ),
        "mine/helper.py": "import mine.second",
        "mine/second.py": "",
    },
    "files that are declared": {
        "mine/model.py": model(
            "from pathlib import Path\nDATA_FILES = ('table.txt', 'inner/deep.bin')",
            "(Path(__file__).parent / 'table.txt').read_text()\nopen(__file__[:-8] + 'inner/deep.bin').close()",
        ),
        "mine/table.txt": "1",
        "mine/inner/deep.bin": "2",
        "mine/other.txt": "3",
    },
    "a file of a package, declared": {
        "mine/__init__.py": "DATA_FILES = ('table.txt',)",
        "mine/model.py": model(
            "from importlib.resources import files", "files('mine').joinpath('table.txt').read_text()"
        ),
        "mine/table.txt": "1",
    },
    "for type checkers": {
        "mine/model.py": model(
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mine.types\nelse:\n    import mine.helper"
        ),
        "mine/types.py": "",
        "mine/helper.py": "",
    },
    "a base class and a decorator": {
        "mine/model.py": "from mine.base import Base, decorated\n\n\n@decorated\nclass Net(Base):\n    pass\n",
        "mine/base.py": "import mine.deep\n\n\nclass Base(mine.deep.Deep):\n"
        "    def __init__(self, *shape, size: int = 4):\n        pass\n\n\ndef decorated(kind):\n    return kind\n",
        "mine/deep.py": "class Deep: pass",
    },
    "a module of Python's own name": {"mine/model.py": model("import this"), "this.py": ""},
    "a name in a text": {
        "mine/model.py": model(
            "from __future__ import annotations\nimport typing\nfrom mine.kinds import Kind",
            "typing.get_type_hints(f)\n\ndef f(x: Kind): pass",
        ).replace("    def f(x: Kind): pass\n", "\n\ndef f(x: Kind): pass\n"),
        "mine/kinds.py": "class Kind: pass",
    },
}
"""Case → files; what Python loads of them is asked of Python."""

NEVER_LOADED = {
    "a branch that is not taken": (
        {"mine/model.py": model("import sys\nif sys.version_info < (3, 0):\n    import mine.helper"), "mine/helper.py": ""},
        "mine/helper.py",
    ),
    "a submodule that a star may load": (
        {"mine/__init__.py": "", "mine/model.py": model("from mine.inner import *"), "mine/inner/__init__.py": "", "mine/inner/deep.py": ""},
        "mine/inner/deep.py",
    ),
    "a name that may be a module": (
        {"mine/__init__.py": "", "mine/model.py": model("from mine.inner import deep"), "mine/inner/__init__.py": "deep = 1", "mine/inner/deep.py": ""},
        "mine/inner/deep.py",
    ),
}  # fmt: skip
"""Case → files, and the one that is followed though Python does not load it: whether it does is not decided
until then."""

SOURCE = '''\
"""A model."""

import functools

from mine.base import Base, Other

SIZE = 10


def scale(x, factor=2.0, *, sign=1):
    """Scale."""
    # why
    return x * factor


@functools.lru_cache
def table():
    return [SIZE, SIZE]


class Net(Base):
    """The model."""

    kind: str = "net"

    def __init__(self, *shape, size: int = 4):
        self.size = size
'''
EDITS = {
    "a default": ("factor=2.0", "factor=2.5", True),
    "a default of a keyword": ("sign=1", "sign=-1", True),
    "a default that is a setting's": ("size: int = 4", "size: int = 5", True),
    "a constant of the module": ("SIZE = 10", "SIZE = 11", True),
    "a constant of the class": ('"net"', '"web"', True),
    "a decorator removed": ("@functools.lru_cache\n", "", True),
    "a decorator changed": ("lru_cache", "cache", True),
    "a base class": ("Net(Base)", "Net(Other)", True),
    "an operator": ("x * factor", "x / factor", True),
    "two values swapped": ("x * factor", "factor * x", True),
    "a line removed": ("        self.size = size", "        pass", True),
    "an import added": ("import functools", "import functools\nimport json", True),
    "a comment": ("# why", "# why not", False),
    "a docstring": ('"""Scale."""', '"""Scales."""', False),
    "layout": ("\n\n\n", "\n\n", False),
}
"""Edit → old text, new text, whether it decides anything."""
