"""YAML files: what a scalar means, where a key stands, what is refused and how that is said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from assay.errors import UserError
from assay.yamlfile import parse, read
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1.0e-3", 0.001),
        ("1E-3", 0.001),
        ("+1e-3", 0.001),
        (".001", 0.001),
        ("1.", 1.0),
        ("1.5", 1.5),
        ("-2.5e+3", -2500.0),
        ("1e400", math.inf),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("0o9", "0o9"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("yes", "yes"),
        ("off", "off"),
        ("n", "n"),
        ("null", None),
        ("~", None),
        ("", None),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ("-", [None]),
        ("'1e-3'", "1e-3"),
        ("é 漢", "é 漢"),
        ("=", "="),
        ("[64, 64]", [64, 64]),
        ("{a.b: 1}", {"a.b": 1}),
        ("{<<: {a: 1, b: 2}, a: 3}", {"a": 3, "b": 2}),
        ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    found = parse(text)
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_float() -> None:
    assert math.isnan(parse(".nan"))


def test_every_key_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("# why\na:\n  b.c: 1\n  d: [x,\n    {e: 2}]\n? f\n: g\n1: h\n")
    document = read(file)
    where = {key: document.lines[key] for key in document.lines}
    assert where[("a",)] == 2
    assert where[("a", "b.c")] == 3
    assert where[("a", "d", 1, "e")] == 5
    assert where[("f",)] == 6
    assert where[("1",)] == 8
    assert document.where(("a", "b.c")) == f"{file}:3"
    assert document.where(("a", "d", 1, "nowhere", "deeper")) == f"{file}:5"
    assert document.where(("nowhere",)).startswith(f"{file}:")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands twice"),
        ("a:\n  b: 1\n  b: 1\n", 3, "'b' stands twice"),
        ("- {x: 1,\n   x: 2}\n", 2, "'x' stands twice"),
        ("a: [1\n", 2, "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        ("a: b: c\n", 1, "not valid YAML"),
        ("a: *nowhere\n", 1, "not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
        ("a: !!python/object:os.system x\n", 1, "tag"),
        ("a: 1\n? [b, c]\n: 2\n", 2, "key"),
        ("? {b: c}\n: 2\n", 1, "key"),
        ("a: 1\nb: !!bool maybe\n", 2, "bool"),
        ("a: !!timestamp soon\n", 1, ""),
        ("a: !!float ''\n", 1, ""),
        ("a: !!int x\n", 1, ""),
        ("a: 1\nb: &x {c: *x}\n", 2, ""),
        ("a: 1\nb: \x01\n", 2, "not valid YAML"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        read(file)
    message = str(caught.value)
    assert message.startswith(f"{file}:{line}: "), message
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe\x00", "UTF-8"), (b"\x89PNG\r\n\x1a\n\x00\x00", "UTF-8"), (b"a: \x00\n", "YAML")],
)
def test_a_binary_file_is_named(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(file)
    assert str(caught.value).startswith(str(file))
    assert said in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(UserError, match=str(path)):
            read(path)


def test_an_editor_s_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes("\ufeffa: 1\n".encode())
    assert read(file).content == {"a": 1}


@pytest.mark.parametrize("depth", [900, 3000])
def test_deep_nesting_is_no_crash(depth: int) -> None:
    try:
        parse("[" * depth + "]" * depth)
    except UserError as error:
        assert "not valid YAML" in str(error)


TOKENS = st.sampled_from(
    [
        *"[]{}:,-?&*!|>'\"#%@` \n\tab1",
        *[
            ".nan",
            "!!int",
            "!!bool",
            "!!set",
            "!!omap",
            "!!binary",
            "!!timestamp",
            "!!float",
            "!!null",
            "!!str",
            "!!merge",
            "<<",
            "&x",
            "*x",
        ],
        *(": ", "- ", "\n  ", "\x00", "---\n"),
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(TOKENS, max_size=25).map("".join)))
def test_any_text_is_content_or_a_user_error(text: str) -> None:
    try:
        parse(text)
    except UserError as error:
        assert str(error).startswith("text")
