"""Say in what two runs, variants, studies or recipes differ: settings, code, data, environment, metrics.

assay diff digits/plain/seed-0 digits/dropout/seed-0
assay diff digits/plain digits/dropout
assay diff 455210a1d38c/3 again/seed-3

A run is a folder, study/variant/seed-N, or the beginning of address/N; a recipe is a file recipe.yaml or an
address. The exit code is 0 if they are equal, 1 if they differ, 2 if they cannot be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from assay.configuration import configure
from assay.differences import text
from assay.differences.comparison import Comparer, Comparison, Metric
from assay.differences.known import Recipes
from assay.differences.modules import ModuleDifference
from assay.differences.named import Named, meaning
from assay.differences.settings import Value
from assay.differences.studies import StudyComparison, compare_studies
from assay.errors import UserError
from assay.words import counted

MOST_ALIKE = 20
"""Variants with the same differences that are listed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's options."""
    parser.add_argument("a", metavar="A", help="a run, a variant (study/variant), a study or a recipe")
    parser.add_argument("b", metavar="B", help="another one")
    parser.add_argument("--json", action="store_true", help="for programs: A is `old`, B is `new`")


def run(arguments: argparse.Namespace) -> None:
    """Print the differences, and leave with exit code 1 if there are any."""
    try:
        found, lines = _compare(arguments.a, arguments.b)
    except UserError as error:  # as with diff, what cannot be compared is no difference
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if arguments.json:
        content = {"equal": not found, "a": arguments.a, "b": arguments.b, **found.plain()}
        print(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        print("\n".join(lines))
    if found:
        sys.exit(1)


def _compare(a: str, b: str) -> tuple[Comparison | StudyComparison, list[str]]:
    recipes = Recipes(configure().store)
    one, other = meaning(a, recipes), meaning(b, recipes)
    comparer = Comparer(recipes)
    if one.study and other.study:
        studies = compare_studies(one.study, other.study, comparer)
        return studies, list(_told_studies(studies, a, b))
    for side, opposite in ((one, other), (other, one)):
        if side.study:
            variants = ", ".join(f"{side.name}/{item.variant.name}" for item in side.study.variants[:5])
            told = f"{side.name!r} is a study and {opposite.name!r} is none"
            raise UserError(f"{told}; name one of its variants: {variants}")
    found = comparer.compare(one, other)
    return found, list(_told(found, one, other))


def _told(found: Comparison, one: Named, other: Named) -> Iterator[str]:
    if not found:
        yield f"equal: {one.name} and {other.name}{_hosts(found)}"
        return
    width = max(len(one.name), len(other.name))
    for label, side in (("A", one), ("B", other)):
        unfinished = ", not finished" if side.seed is not None and side.run is None else ""
        yield f"{label}  {side.name:{width}}  {side.recipe['stage']} {side.recipe['address']}{unfinished}"
    yield ""
    yield from _sections(found, set())


def _hosts(found: Comparison) -> str:
    return f" (on {' and '.join(found.hosts)})" if found.hosts else ""


def _told_studies(found: StudyComparison, a: str, b: str) -> Iterator[str]:
    """What differs in the studies, then in their variants; those that differ alike one under the other."""
    if not found:
        yield f"equal: {a} and {b}"
        return
    yield from text.section("study", text.values(found.settings, text.DIFF, 2))
    for side, names in (("A", found.only_old), ("B", found.only_new)):
        if names:
            yield from text.wrapped(f"variants only in {side}: {', '.join(names)}", 0)
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, comparison in found.variants.items():
        groups.setdefault(tuple(_sections(comparison, set())), []).append(name)
    equal = groups.pop((), None) or []
    seen: set[ModuleDifference] = set()
    for alike in groups.values():
        listed = ", ".join(alike[:MOST_ALIKE])
        more = f" and {len(alike) - MOST_ALIKE:,} more" if len(alike) > MOST_ALIKE else ""
        yield from text.wrapped(f"{'variant' if len(alike) == 1 else 'variants'} {listed}{more}", 0)
        yield from (f"  {line}" for line in _sections(found.variants[alike[0]], seen))
    if equal:
        yield f"{counted(len(equal), 'variant')} equal"


def _sections(found: Comparison, seen: set[ModuleDifference]) -> Iterator[str]:
    yield from text.told(found.differences, text.DIFF, seen)
    if found.same_data:
        yield f"the prepared data are the same: {text.shown(found.same_data)}"
    if found.hosts:
        yield f"host: {found.hosts[0]} | {found.hosts[1]}"
    title = f"metrics ({found.measured_on})" if found.measured_on else "metrics"
    if found.seeds > 1:
        title = f"metrics ({found.measured_on}, means of {found.seeds} seeds)"
    yield from text.section(title, [*text.values(found.ends, text.DIFF, 2), *_metrics(found.metrics)])
    if found.parting:
        yield from text.section("histories part", _parting(found.parting.text, found.parting.values))
    equal = ", ".join(found.equal_files)
    if found.files:
        beside = f"; equal: {equal}" if equal else ""
        yield from text.wrapped(f"files that differ: {', '.join(found.files)}{beside}", 0)
    elif equal:
        yield from text.wrapped(f"all files with bits are equal: {equal}", 0)


def _parting(told: str, found: Sequence[Value]) -> Iterator[str]:
    yield from text.wrapped(told, 2)
    yield from text.values([item for item in found if not _is_number(item)], text.DIFF, 2)
    yield from _metrics([Metric(item.key, item.old, item.new) for item in found if _is_number(item)])


def _is_number(item: Value) -> bool:
    return all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in (item.old, item.new)
    )


def _metrics(metrics: Sequence[Metric]) -> Iterator[str]:
    """A table of names, both values and their difference."""
    rows = [(item.name, *_numbers(item.old, item.new), _difference(item)) for item in metrics]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, old, new, difference in rows:
        yield f"{name:{widths[0]}}  {old:>{widths[1]}} | {new:{widths[2]}}  {difference}".rstrip()


def _difference(item: Metric) -> str:
    return "" if item.difference is None else f"({item.difference:+.4g})"


def _numbers(old: float | None, new: float | None) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ, four at least."""
    told = ["", ""]
    for digits in range(4, 18):
        told = ["none" if value is None else f"{value:.{digits}g}" for value in (old, new)]
        if told[0] != told[1]:
            break
    return told[0], told[1]
