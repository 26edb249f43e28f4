"""Planning again after an edit without parsing again what is as it was: for tests that plan very often.

`assay.plan.load_plan` reads every module anew. Here its functions of modules' sources are computed again if one of
the sources they looked into has other bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from assay import accepted, closure, components, module_facts, modules, plan

Sources = dict[Path, bytes]


class Remembering:
    """The functions of planning, in two ways: remembered, and as they are."""

    def __init__(self) -> None:
        whole = (closure._closure, closure._module, components.define)
        self._whole = (plan.forget, *whole, facts_anew, components.parse_module)
        self._functions = [Remembered(function.__wrapped__) for function in whole]
        module_facts.save = lambda: None  # of thousands of edits
        self._remembered = (self._forget, *self._functions, facts_and_note, parse_and_note)

    @property
    def followed(self) -> set[Path]:
        """The files that some recipe's code may hold."""
        return self._functions[0].files()

    def on(self) -> None:
        """From now on, remember."""
        self._use(*self._remembered)

    def off(self) -> None:
        """From now on, read everything anew."""
        self._use(*self._whole)

    def _use(self, forget: Any, whole: Any, module: Any, define: Any, facts: Any, parse: Any) -> None:
        plan.forget, closure._closure, closure._module, components.define = forget, whole, module, define
        closure.facts, components.parse_module = facts, parse  # type: ignore[attr-defined]

    def _forget(self) -> None:
        accepted.forget()
        _read_now.cache_clear()
        for function in self._functions:
            function.current.clear()


@contextmanager
def remembering() -> Iterator[None]:
    """Remember while this lasts; modules may be edited, and none may come or go."""
    plan.forget()
    facts, save, planning = closure.facts, module_facts.save, Remembering()
    planning.on()
    try:
        yield
    finally:
        planning.off()
        closure.facts, module_facts.save = facts, save  # type: ignore[attr-defined]
        plan.forget()


class Remembered:
    """A function of modules' sources, not computed again while these are as they were."""

    under_way: ClassVar[list[Sources]] = []
    """What the functions that are being computed have looked into, each within the one before."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._known: dict[Any, tuple[Any, Sources]] = {}
        self.current: dict[Any, tuple[Any, Sources]] = {}
        """Of this plan."""

    def __call__(self, *arguments: Any) -> Any:
        """What the function gives for these arguments and the files as they are now."""
        if arguments not in self.current:
            known = self._known.get(arguments)
            if known is None or any(_read_now(file) != source for file, source in known[1].items()):
                self.under_way.append({})
                try:
                    known = (self._function(*arguments), self.under_way[-1])
                finally:
                    self.under_way.pop()
                self._known[arguments] = known
            self.current[arguments] = known
        result, sources = self.current[arguments]
        for outer in self.under_way[-1:]:
            outer.update(sources)
        return result

    def files(self) -> set[Path]:
        """Every file that the function has looked into."""
        return {file for _, sources in self._known.values() for file in sources}


@functools.cache
def _read_now(file: Path) -> bytes:
    return file.read_bytes()


def note(file: Path) -> None:
    """Note a module for the function under way, together with the data files beside it."""
    beside = [path for path in file.parent.glob("*") if path.suffix not in (".py", ".pyc", "")]
    for outer in Remembered.under_way[-1:]:
        outer.update({read: _read_now(read) for read in (file, *beside)})


def parse_and_note(file: Path) -> Any:
    """A module's syntax tree."""
    note(file)
    return modules.parse_module(file)


def facts_and_note(file: Path, name: str) -> Any:
    """What a module says."""
    note(file)
    return module_facts.facts(file, name)


def facts_anew(file: Path, name: str) -> Any:
    """The same, and nothing is remembered."""
    module_facts._known().clear()
    module_facts._new.clear()
    return module_facts.facts(file, name)
