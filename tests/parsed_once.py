"""Planning reads every module anew, also while tests plan a thousand times; equal bytes need no second parsing."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest
from assay import closure, components, modules

_trees: dict[tuple[Path, bytes], ast.Module] = {}
_names = closure._imports
_tree_digest = functools.cache(closure.tree_digest)


def parsed_once(patch: pytest.MonkeyPatch) -> None:
    """From now on, what follows from a module's bytes alone is computed once for all plans of this process."""
    patch.setattr(closure, "parse_module", _parse_module)
    patch.setattr(components, "parse_module", _parse_module)
    patch.setattr(closure, "tree_digest", _tree_digest)
    patch.setattr(closure, "_imports", _imports)


def _parse_module(file: Path) -> ast.Module:
    """Read a module, as always; parse it if it has other bytes than before."""
    key = file, modules.read_source(file)
    if key not in _trees:
        _trees[key] = modules.parse_module(file)
    return _trees[key]


@functools.cache
def _imports(tree: ast.AST, module: str, is_package: bool) -> tuple[str, ...]:
    return tuple(_names(tree, module, is_package))
