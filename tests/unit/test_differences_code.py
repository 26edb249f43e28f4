"""What differs in two versions of a module: every edit that counts is named where it is, no other is."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from pathlib import Path
from typing import Any

import pytest
from assay.differences.code import Change, compare
from assay.syntax import source_digest
from conftest import ROOT
from hypothesis import assume, given, settings
from hypothesis import strategies as st

MODULE = '''\
"""A module."""

import typing
from math import (
    inf,
    pi,
)

if typing.TYPE_CHECKING:
    from pathlib import Path
else:
    Path = None

TABLE = {  # all of it
    "a": [1, 2,
          3],
    "b": -inf,
}


@decorated(
    first=1,
    second=2,
)
class Net(Base, metaclass=Meta):
    """A class."""

    width: int = 3

    def __init__(self, a, b=2, *rest, c, d=None, **others):
        super().__init__(a)
        self.text = """two
        lines"""

    @property
    def size(self):
        return self._size

    @size.setter
    def size(self, value):
        # say nothing
        if value > 3 and not self.width:
            self._size = (value
                          * 2
                          - 1)
        elif value is None:
            pass
        else:
            def later(x):
                return x ** 2
            self._size = later(value)
        return None


async def read(files):
    """Read files."""
    try:
        async with files as f, open("g") as g:
            for line in f:
                yield f"{line!r:>{10}} {g}", lambda x, y=1: x + y
            else:
                del f
    except (OSError, ValueError) as error:
        raise KeyError("no") from error
    else:
        x = y = 1
    finally:
        print(x if y else pi, end="")
    match files:
        case [a, *others] if others:
            return
        case {"k": 1} | None:
            while x < 3 <= y: x += 1; global Z
'''
FILES = ["streams.py", "losses/focal.py", "tasks/__init__.py", "training/checkpoint.py", "jobs.py"]
SOURCES = [MODULE, *((ROOT / "scripts/assay" / name).read_text() for name in FILES)]

TOKENS = {
    tokenize.NUMBER: ["7", "0.5"],
    tokenize.NAME: ["other", "None", "not x", "async"],
    tokenize.OP: ["+", "-", "==", "<", ",", "(", ")", "**"],
    tokenize.STRING: ['"z"', "f'{y}'"],
    tokenize.COMMENT: ["# else"],
}
"""Kind of token → what may stand in its place."""
INSERTED = [
    "x = 1",
    "return x",
    "# c",
    "else:",
    '"text"',
    "if typing.TYPE_CHECKING: y",
    "@z",
    "pass",
    "a, b,",
]


def edited(data: Any, source: str) -> tuple[str, set[int], set[int]]:
    """A source with one edit, and the lines of the old and the new one in which it is."""
    lines = source.split("\n")
    index = data.draw(st.integers(0, len(lines) - 2))
    line, number = lines[index], index + 1
    indent = line[: len(line) - len(line.lstrip())]
    how = data.draw(
        st.sampled_from(["token", "token", "token", "delete", "insert", "swap", "double", "indent"])
    )
    if how == "token":
        tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.start[0] == token.end[0] and token.type in TOKENS
        ]
        token = data.draw(st.sampled_from(tokens))
        number, text = token.start[0], data.draw(st.sampled_from(TOKENS[token.type]))
        line = lines[number - 1]
        lines[number - 1] = line[: token.start[1]] + text + line[token.end[1] :]
        return "\n".join(lines), {number}, {number}
    if how == "delete":
        del lines[index]
        return "\n".join(lines), {number}, {number, number - 1}
    if how == "insert":
        lines.insert(index, indent + data.draw(st.sampled_from(INSERTED)))
        return "\n".join(lines), {number, number - 1}, {number}
    if how == "swap":
        lines[index : index + 2] = lines[index + 1], line
        return "\n".join(lines), {number, number + 1}, {number, number + 1}
    if how == "double":
        lines.insert(index, line)
        return "\n".join(lines), {number}, {number, number + 1}
    lines[index] = data.draw(st.sampled_from([f"    {line}", line.removeprefix("    ")]))
    return "\n".join(lines), {number}, {number}


def pieces(changes: tuple[Change, ...]) -> list[tuple[str, set[int], str]]:
    """(side, lines, text) of all that is shown."""
    return [
        (side, set(range(piece.first, piece.last + 1)), piece.text)
        for change in changes
        for place in change.places
        for side, piece in (("old", place.old), ("new", place.new))
        if piece
    ]


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_an_edit_is_named_where_it_is_exactly_if_it_moves_the_digest(data: Any) -> None:
    source = data.draw(st.sampled_from(SOURCES))
    new, old_lines, new_lines = edited(data, source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            counts = source_digest(new.encode()) != source_digest(source.encode())
        except SyntaxError:
            assume(False)
        found = pieces(compare(source.encode(), new.encode()))
    assert bool(found) == counts
    lines = {"old": (source.split("\n"), old_lines), "new": (new.split("\n"), new_lines)}
    said = {
        text[number - 1].strip() for text, own in lines.values() for number in own if 0 < number <= len(text)
    }
    # of two equal lines side by side nobody can say which one was deleted
    assert not counts or any(shown & lines[side][1] or text in said for side, shown, text in found)
    assert not any("#" in text and "'" not in text and '"' not in text for _, _, text in found)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "scripts/assay").rglob("*.py"))[::10], ids=lambda path: path.stem
)
def test_another_layout_is_no_difference(file: Path) -> None:
    source = file.read_bytes()
    laid_out = ast.unparse(ast.parse(source))
    assert compare(source, f"# {laid_out[:9]!r}\n\n{laid_out}".encode()) == ()


def told(old: str, new: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The changes, with the places as `line: text`."""

    def shown(piece: Any) -> str:
        lines = dict.fromkeys((piece.first, piece.last)) if piece else {}
        return f"{'-'.join(map(str, lines))}: {piece.text}" if piece else ""

    return [
        (
            change.name,
            change.kind,
            [(shown(place.old), shown(place.new)) for place in change.places],
        )
        for change in compare(old.encode(), new.encode())
    ]


def test_a_changed_line_has_its_function_and_number() -> None:
    new = MODULE.replace(" * 2\n", " * 3\n").replace(
        "super().__init__(a)", "\n        super().__init__(b)  # b"
    )
    new = new.replace('"""A class."""', '"""A network."""').replace("# say nothing", "# say\n        # more")
    assert told(MODULE, new) == [
        ("Net.__init__", "changed", [("31: super().__init__(a)", "32: super().__init__(b)")]),
        ("Net.size", "changed", [("44: * 2", "46: * 3")]),
    ]


def test_an_operator_over_several_lines_is_shown_with_them() -> None:
    assert told('a = """b\n c"""\n', 'a = """b\n  c"""\n') == [
        ("module level", "changed", [("1-2: 'b\\n c'", "1-2: 'b\\n  c'")])
    ]
    assert told(MODULE, MODULE.replace("- 1)", "+ 1)")) == [
        (
            "Net.size",
            "changed",
            [("43-45: self._size = (value * 2 - 1)", "43-45: self._size = (value * 2 + 1)")],
        )
    ]


def test_functions_are_added_removed_moved_and_renamed() -> None:
    old = "def f(a):\n    return 1\n\n\nclass A:\n    def g(self): pass\n    def h(self): pass\n"
    assert told(old, old + "def k(a):\n    return 2\n") == [("k", "added", [("", "8: def k(a):")])]
    assert told(old, old.replace("    def g(self): pass\n", "")) == [
        ("A.g", "removed", [("6: def g(self): pass", "")])
    ]
    moved = "class A:\n    def h(self): pass\n    def g(self): pass\ndef f(a):\n    return 1\n"
    assert told(old, moved) == [
        ("A", "moved", [("5: class A:", "1: class A:")]),
        ("A.h", "moved", [("7: def h(self): pass", "2: def h(self): pass")]),
    ]
    assert told(old, old.replace("def f", "def f2")) == [
        ("f", "removed", [("1: def f(a):", "")]),
        ("f2", "added", [("", "1: def f2(a):")]),
    ]


def test_what_is_put_into_a_block_is_named_by_the_block_alone() -> None:
    old = "def f(a):\n    x = 1\n    y = 2\n    return x\n"
    new = "def f(a):\n    if a:\n        x = 1\n        y = 2\n    return x\n"
    assert told(old, new) == [("f", "changed", [("", "2: if a:")])]
    inside = new.replace("    return x", "        return x")
    assert told(new, inside) == [("f", "changed", [("5: return x", "5: return x")])]


def test_words_that_begin_blocks_have_places() -> None:
    branches = "if a:\n    if x:\n        b\n    else:\n        c\nelif d:\n    e\n"
    assert told(branches, branches.replace("elif", "if")) == [
        ("module level", "changed", [("6: elif d:", ""), ("6: elif d:", "6: if d:"), ("7: e", "7: e")])
    ]
    one = "if a:\n    b\nelse:\n    c\n"
    other = "if a:\n    b\nif TYPE_CHECKING:\n    d\nelse:\n    c\n"
    assert told(one, other) == [("module level", "changed", [("3: else:", "5: else:")])]
    lone = other.replace("else:\n    c", "else:\n    c\n    d")
    outside = lone.rpartition("    d")[0] + "d\n"
    assert told(lone, outside) == [("module level", "changed", [("7: d", "7: d")])]


def test_all_parts_of_a_statement_that_differ_are_named() -> None:
    call = "f(\n    a,\n    b,\n    c,\n)\n"
    assert told(call, call.replace("a", "x").replace("c", "z")) == [
        ("module level", "changed", [("2: a,", "2: x,"), ("4: c,", "4: z,")])
    ]
    assert told("f(a)\n", "f(a, b)\n") == [("module level", "changed", [("1: f(a)", "1: f(a, b)")])]


def test_docstrings_count_where_the_digest_counts_them() -> None:
    old = 'def f(a):\n    """One."""\n    return f.__doc__\n'
    assert told(old, old.replace("One", "Two")) == [("f", "changed", [('2: """One."""', '2: """Two."""')])]
    assert told(old.replace("__doc__", "x"), old.replace("__doc__", "x").replace("One", "Two")) == []
    assert [name for name, _, _ in told('"""Only."""\n', "")] == ["module level"]


def test_decorators_signatures_and_constants_are_named_by_their_own_lines() -> None:
    assert told(MODULE, MODULE.replace("    second=2,\n", "")) == [
        ("Net", "changed", [("23: second=2,", "")])
    ]
    assert told(MODULE, MODULE.replace("b=2, *rest", "b=3, *rest"))[0][:2] == ("Net.__init__", "changed")
    assert told(MODULE, MODULE.replace('"b": -inf', '"b": inf')) == [
        ("module level", "changed", [('17: "b": -inf,', '17: "b": inf,')])
    ]
    added = told(MODULE, MODULE.replace("@property", "@cached\n    @property"))
    assert added == [("Net.size", "changed", [("", "35: @cached")])]
