"""What torch puts around an optimizer's methods is left out of a run that does not use it.

- `torch.optim` imports the compiler, `torch._dynamo`, to have it leave some methods alone: at the first
  `step` of every optimizer, and in the four methods of `Optimizer` named here. That takes as long as
  importing torch.
- Every `step` is noted for the profiler, which on a small model takes a twentieth of a training step.

So what is within these wrappers is called instead, unless something has imported the compiler, the profiler
is on, or the optimizer has hooks: then, torch's own wrappers are. Either way the same operations run, and
give the same bits.

Checked with torch 2.13 (`torch/_compile.py`, `torch/optim/optimizer.py`). A wrapper that does anything else
than there, in another version, is left as it is: the start takes longer, and that is all.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Collection
from typing import Any

import torch
from torch.optim import Optimizer, optimizer

COMPILER = "torch._dynamo"
METHODS = ("add_param_group", "state_dict", "load_state_dict", "zero_grad")

_DISABLED = {"getattr", COMPILER, "_dynamo", "disable", "__dynamo_disable"}
"""Names in `torch._compile._disable_dynamo.inner`."""
_STEPPED = {
    *(COMPILER, "_dynamo", "graph_break", "cast", "Optimizer"),
    *("is_grad_enabled", "set_grad_enabled", "defaults"),
}
"""Names in `torch.optim.optimizer._use_grad_for_differentiable._use_grad`."""
_GLOBAL_HOOKS = ("_global_optimizer_pre_hooks", "_global_optimizer_post_hooks")
"""Names in `torch.optim.Optimizer.profile_hook_step`, beside those of the optimizer's own hooks."""

Function = Callable[..., Any]


def leave_out() -> None:
    """Let the optimizers of torch.optim work without compiler and profiler, now and from now on."""
    for method in METHODS:
        wrapper = getattr(Optimizer, method)
        if _does_no_more(wrapper, _DISABLED):
            setattr(Optimizer, method, _replaced(wrapper, wrapper.__wrapped__))
    for kind in vars(torch.optim).values():
        wrapper = vars(kind).get("step") if isinstance(kind, type) else None
        if wrapper is not None and _does_no_more(wrapper, _STEPPED):
            step = _replaced(wrapper, _stepping(wrapper.__wrapped__))
            kind.step = _hooked(step) if all(hasattr(optimizer, name) for name in _GLOBAL_HOOKS) else step


def _does_no_more(wrapper: Function, names: Collection[str]) -> bool:
    """Whether a wrapper imports the compiler and uses no other name than these."""
    used = getattr(getattr(wrapper, "__code__", None), "co_names", ())
    return COMPILER in used and hasattr(wrapper, "__wrapped__") and set(used) <= set(names)


def _replaced(wrapper: Function, short: Function) -> Function:
    """A function that is `short` as long as nothing has imported the compiler."""

    @functools.wraps(wrapper)
    def chosen(*arguments: Any, **named: Any) -> Any:
        return (wrapper if COMPILER in sys.modules else short)(*arguments, **named)

    return chosen


def _stepping(step: Function) -> Function:
    """A step with gradients on or off as the optimizer's `differentiable` says: as in torch's wrapper."""

    def stepped(self: Optimizer, *arguments: Any, **named: Any) -> Any:
        before = torch.is_grad_enabled()
        try:
            torch.set_grad_enabled(self.defaults["differentiable"])
            return step(self, *arguments, **named)
        finally:
            torch.set_grad_enabled(before)

    return stepped


def _hooked(step: Function) -> Function:
    """A step that torch takes for one with hooks and profile, and that has them only where they are used."""
    profiled = Optimizer.profile_hook_step(step)
    everywhere = [getattr(optimizer, name) for name in _GLOBAL_HOOKS]

    @functools.wraps(step)
    def chosen(self: Optimizer, *arguments: Any, **named: Any) -> Any:
        used = (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or any(everywhere)
            or torch.autograd._profiler_enabled()  # type: ignore[attr-defined]
        )
        # a subclass with a step of its own has hooks around that
        own = used and type(self).step is chosen
        return (profiled if own else step)(self, *arguments, **named)

    chosen.hooked = True  # type: ignore[attr-defined]  # see Optimizer._patch_step_function
    return chosen
