"""Errors of torch that a user can do something about, in words that say what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from assay.errors import UserError

_MEMORY = re.compile(r"(?:tried to allocate|Tried to allocate) ([\d.,]+ ?\w*)")
_ADVICE = "a smaller training.batch_size (with training.accumulate for the same step) or model needs less"


@contextmanager
def explained() -> Iterator[None]:
    """Raise a UserError instead where memory runs out or an operation is not deterministic."""
    try:
        yield
    except MemoryError as error:
        raise UserError(f"not enough memory{f': {error}' if str(error) else ''}; {_ADVICE}") from error
    except torch.OutOfMemoryError as error:
        raise UserError(f"not enough memory on the GPU{_amount(error)}; {_ADVICE}") from error
    except RuntimeError as error:
        text = str(error)
        if "DefaultCPUAllocator" in text or "can't allocate memory" in text:
            raise UserError(f"not enough memory{_amount(error)}; {_ADVICE}") from error
        if "does not have a deterministic implementation" in text:
            operation = text.split(" ")[0]
            raise UserError(
                f"{operation} has no deterministic implementation on this device; use another operation, "
                "or set numerics.deterministic to false and accept that runs with one seed may differ"
            ) from error
        raise


def _amount(error: BaseException) -> str:
    found = _MEMORY.search(str(error))
    return f" (tried to allocate {found[1].strip()})" if found else ""
