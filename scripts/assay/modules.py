"""Python modules as files: found where an import would find them, parsed, never imported."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from assay.errors import UserError


def import_roots() -> list[Path]:
    """Folders in which modules are looked for: sys.path, then the current one."""
    roots = [*(Path(entry) for entry in sys.path if entry), Path.cwd()]
    return list(dict.fromkeys(root.resolve() for root in roots))


def find_module(name: str) -> Path | None:
    """The file of a module found on the import roots, without importing it or its parents."""
    relative = Path(*name.split("."))
    for root in import_roots():
        for file in (root / relative / "__init__.py", root / relative.with_suffix(".py")):
            if file.is_file():
                return file
    return None


def parse_module(file: Path) -> ast.Module:
    """A module's syntax tree.

    Raises:
        UserError: it is not valid Python.
    """
    try:
        return ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        text = error.msg if isinstance(error, SyntaxError) else error
        raise UserError(f"{file}{line}: is not valid Python: {text}") from error
