"""What Snakemake plans after each of many changes: `snakemake -n`, really.

    python dry.py STUDY < changes.json       in the project's folder; prints JSON

A change is a mapping of files to texts, which are put back. Each call is Snakemake's own main program, in a
process that is forked from one which has imported Snakemake and nothing of the project's.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

import pydantic
import snakemake.cli
import yaml


def planned(study: str) -> Counter[str]:
    """The rules of the jobs that Snakemake plans, `all` left out."""
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if not child:
            try:
                for stream in (1, 2):
                    os.dup2(said.fileno(), stream)
                snakemake.cli.main(["-n", "--cores", "64", "--config", f"study={study}"])  # a job a seed
            except SystemExit as error:
                print(error.code, flush=True)
                os._exit(0 if error.code in (0, None) else 1)
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        failed = os.waitpid(child, 0)[1]
        said.seek(0)
        text = said.read()
    if failed:
        sys.exit(text)
    rules = re.findall(r"^(?:local)?rule (\w+):$", text, re.MULTILINE)
    assert rules or "Nothing to be done" in text, text
    return Counter(rule for rule in rules if rule != "all")


def main() -> None:
    """Print the jobs of each change: rule → how many."""
    assert pydantic.VERSION and yaml.__version__  # what the project needs of packages, imported once
    found = []
    for change in json.load(sys.stdin):
        before = {Path(name): Path(name).read_bytes() for name in change}
        try:
            for name, text in change.items():
                Path(name).write_text(text)
            found.append(planned(sys.argv[1]))
        finally:
            for path, content in before.items():
                path.write_bytes(content)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
