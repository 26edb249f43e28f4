"""Peak memory of a training process, relative to one with a bare PyTorch loop; files and bytes that a run leaves."""

from __future__ import annotations

import tempfile
from pathlib import Path

from measuring import ENVIRONMENT, in_turn, measured, median, parser, ratio, show

BARE, ASSAY = "bare loop that saves each epoch", "Assay"


def main() -> None:
    """Measure, and show."""
    options = parser(__doc__)
    options.add_argument("--models", nargs="+", default=["cnn", "mlp"], choices=("cnn", "mlp"))
    options.add_argument("--epochs", type=int, default=5, help="of a run (default 5)")
    arguments = options.parse_args()
    rows, left = [], []
    for model in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            environment = ENVIRONMENT | {"ASSAY_RESULTS": f"{folder}/store"}
            settings = f"model={model} training.epochs={arguments.epochs}"
            out = Path(folder, "run")
            job = ["scripts/train.py", "--quiet", "--set", settings, "--out", str(out)]
            measured(job, environment)  # the data are prepared
            prepared = next(Path(folder, "store/prepare").glob("*/fixed"))
            left += [
                {"model": model, "file": str(path.relative_to(out)), "bytes": path.stat().st_size}
                for path in sorted(out.rglob("*"))
                if path.is_file()
            ]
            hand = ["tests/benchmarks/bare.py", model, str(arguments.epochs), "1", str(prepared)]
            candidates = {
                BARE: lambda hand=hand: measured(hand),  # type: ignore[misc]
                ASSAY: lambda job=job, environment=environment, folder=folder: measured(  # type: ignore[misc]
                    [*job, "--out", tempfile.mkdtemp(dir=folder)], environment
                ),
            }
            found = in_turn(candidates, arguments.repetitions)
        rows += [
            {
                "model": model,
                "candidate": name,
                "peak MB": median(figures, "peak MB"),
                "ratio": ratio(figures, found[BARE], "peak MB"),
            }
            for name, figures in found.items()
        ]
    for line in left:
        print(f"{line['model']}  {line['bytes']:>8,}  {line['file']}")
    print()
    show(
        "memory", rows, arguments.json, epochs=arguments.epochs, repetitions=arguments.repetitions, left=left
    )


if __name__ == "__main__":
    main()
