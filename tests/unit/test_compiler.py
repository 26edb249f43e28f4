"""Leaving torch's compiler out of a run: nothing imports it, the bits are those with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from assay.training import compiler
from torch.optim import Optimizer

SAME_BITS = """
import sys
import torch
from assay.digest import tensors_digest
from assay.training import compiler

def trained(kind, **settings):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3))
    optimizer = kind(model.parameters(), lr=0.1, **settings)
    for _ in range(4):
        optimizer.zero_grad()
        model(torch.randn(8, 5)).square().mean().backward()
        optimizer.step()
        assert torch.is_grad_enabled()
    again = kind(model.parameters(), lr=0.1, **settings)
    again.load_state_dict(optimizer.state_dict())
    state = {f"{i} {name}": value for i, values in again.state_dict()["state"].items() for name, value in values.items()}
    return tensors_digest(model.state_dict() | {k: v for k, v in state.items() if isinstance(v, torch.Tensor)})

def all_trained():
    optim = torch.optim
    both = [trained(kind, fused=True) for kind in (optim.Adam, optim.AdamW, optim.SGD)]
    return both + [trained(kind) for kind in (optim.SGD, optim.Adam, optim.RMSprop, optim.Adagrad, optim.NAdam)]

compiler.leave_out()
compiler.leave_out()
without = all_trained()
assert compiler.COMPILER not in sys.modules
import torch._dynamo
disabled = []
torch._dynamo.disable = lambda fn, *rest, disable=torch._dynamo.disable, **named: disabled.append(fn.__name__) or disable(fn, *rest, **named)
assert all_trained() == without
assert {*compiler.METHODS} <= {*disabled}, disabled  # now torch's own wrappers were called
"""

HOOKS = """
import torch
from assay.training import compiler

compiler.leave_out()
IMPORTED

class Own(torch.optim.SGD):
    def step(self, closure=None):
        super().step()

for kind in (torch.optim.SGD, torch.optim.AdamW, Own):
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    optimizer = kind([weight], lr=0.1)
    optimizer.step()
    called = []
    optimizer.register_step_pre_hook(lambda *given: called.append("before"))
    optimizer.register_step_post_hook(lambda *given: called.append("after"))
    optimizer.step()
    assert called == ["before", "after"], (kind, called)
    with torch.autograd.profiler.profile() as profile:
        optimizer.step()
    names = [event.name for event in profile.function_events]
    assert names.count(f"Optimizer.step#{kind.__name__}.step") == 1, (kind, names)
"""


def test_optimizers_do_not_import_the_compiler_and_compute_the_same() -> None:
    """Without it, then through torch's own wrappers: the same bits."""
    result = subprocess.run([sys.executable, "-c", SAME_BITS], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def _other(wrapped: Any) -> Any:
    def inner(*arguments: Any, **named: Any) -> Any:
        import torch._dynamo

        torch._dynamo.graph_break()
        print("what another version does as well")
        return wrapped(*arguments, **named)

    inner.__wrapped__ = wrapped  # type: ignore[attr-defined]
    return inner


def test_a_wrapper_that_does_more_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    other = _other(Optimizer.zero_grad)
    monkeypatch.setattr(Optimizer, "zero_grad", other)
    compiler.leave_out()
    assert Optimizer.zero_grad is other


@pytest.mark.parametrize("imported", ["", "import torch._dynamo"], ids=["without compiler", "with compiler"])
def test_hooks_and_the_profiler_are_served(imported: str) -> None:
    """Once each, in a process in which no optimizer was made before; torch calls some twice in another."""
    program = HOOKS.replace("IMPORTED", imported)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_locked_torch_is_one_that_was_checked() -> None:
    lock = (Path(__file__).parents[2] / "envs/requirements.lock").read_text()
    assert "\ntorch==2.13." in lock and "torch 2.13" in (compiler.__doc__ or "")
