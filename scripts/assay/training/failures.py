"""Errors of torch that a user can do something about, in words that say what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from assay import components
from assay.errors import UserError

_MEMORY = re.compile(r"[Tt]ried to allocate ([\d.,]+ ?\w*)")
_ADVICE = "a smaller training.batch_size (with training.accumulate for the same step) or model needs less"
_SHARED = "; so does a smaller machine.runs_per_gpu, if several runs share it"


@contextmanager
def explained() -> Iterator[None]:
    """Raise a UserError instead where memory runs out, an operation is not deterministic, or a component of
    Assay's refuses what it is given.
    """
    try:
        yield
    except ValueError as error:
        component = _component(error)
        if component is None:
            raise
        raise UserError(f"{component}: {error}") from error
    except MemoryError as error:
        raise UserError(f"not enough memory{f': {error}' if str(error) else ''}; {_ADVICE}") from error
    except torch.OutOfMemoryError as error:
        raise UserError(f"not enough memory on the GPU{_amount(error)}; {_ADVICE}{_SHARED}") from error
    except RuntimeError as error:
        text = str(error)
        if is_memory(error):
            raise UserError(f"not enough memory{_amount(error)}; {_ADVICE}") from error
        if "does not have a deterministic implementation" in text:
            operation = text.split(" ")[0]
            raise UserError(
                f"{operation} has no deterministic implementation on this device; use another operation, "
                "or set numerics.deterministic to false and accept that runs with one seed may differ"
            ) from error
        raise


def is_memory(error: BaseException) -> bool:
    """Whether an error of torch's says that memory ran out."""
    said = ("DefaultCPUAllocator", "can't allocate memory", "out of memory", "ALLOC_FAILED")
    return any(text in str(error) for text in said)


def _component(error: BaseException) -> str | None:
    """The built-in component that refused what it was given, if one did: `loss multi_task`."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    file = Path(trace.tb_frame.f_code.co_filename) if trace is not None else Path()
    noun = components.GROUPS.get(file.parent.name)
    return f"{noun} {file.stem.strip('_')}" if noun and file.parent.parent == components.PACKAGE else None


def _amount(error: BaseException) -> str:
    found = _MEMORY.search(str(error))
    return f" (tried to allocate {found[1].strip()})" if found else ""
