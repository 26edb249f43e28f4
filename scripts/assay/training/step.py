"""One step: the gradients of its batches, as if they were one batch, then each optimizer in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from torch import Tensor, nn
from torch.optim import Optimizer

from assay import streams
from assay.tasks import Batch, Sums
from assay.training.precision import autocast
from assay.training.state import Run


def take_step(run: Run, batches: Sequence[Batch], size: int) -> list[Sums]:
    """Step every optimizer once.

    Args:
        run: what is stepped.
        batches: this process's share of the step's batches; one of several may be empty.
        size: samples of the whole step, of all processes: each counts alike.

    Returns:
        The sums of each batch.
    """
    first = run.step * run.settings.training.accumulate
    sums: list[Sums] = [{} for _ in batches]
    for number, (name, optimizer) in enumerate(run.optimizers.items()):
        with _others_frozen(run, name):
            _forget_gradients(optimizer)
            for offset, batch in enumerate(batches):
                count = len(batch[0])
                if count == 0:
                    continue
                _start_stream(run, first + offset, number)
                with autocast(run.settings.numerics, run.device):
                    loss, part = run.task.training_step(batch, name)
                sums[offset] |= part
                loss = loss if count == size else loss * (count / size)
                (loss if run.scaler is None else run.scaler.scale(loss)).backward()
            _apply(run, name, optimizer)
    if run.scaler is not None:
        run.scaler.update()
    run.ranks.share_buffers(run.task)
    return sums


def _start_stream(run: Run, batch: int, optimizer: int) -> None:
    rank = run.ranks.rank
    further = (optimizer, rank) if optimizer or rank else ()
    streams.start(run.seed, "forward", run.epoch, batch, *further)


def _forget_gradients(optimizer: Optimizer) -> None:
    """What `Optimizer.zero_grad` does, without its entry for the profiler, which takes longer."""
    if type(optimizer).zero_grad is not Optimizer.zero_grad:  # a user's own
        optimizer.zero_grad()
        return
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


def _apply(run: Run, name: str, optimizer: Optimizer) -> None:
    """Step one optimizer with the gradients that are there."""
    training, parameters = run.settings.training, run.parameters[name]
    run.ranks.add_gradients(parameters)
    if run.scaler is not None:
        run.scaler.unscale_(optimizer)
    for callback in run.callbacks:
        callback.on_gradients(run, name)
    if training.clip_norm is not None:
        norm = nn.utils.clip_grad_norm_(parameters, training.clip_norm)
        run.gradient_norms.setdefault(name, []).append(norm)
    elif training.gradient_norm:
        run.gradient_norms.setdefault(name, []).append(_norm(parameters))
    if run.scaler is None:
        optimizer.step()
    else:
        run.scaler.step(optimizer)


def _norm(parameters: Sequence[nn.Parameter]) -> Tensor:
    """The Euclidean norm of all gradients together."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])


def _others_frozen(run: Run, name: str) -> AbstractContextManager[None]:
    """Let only one optimizer's parameters gather gradients."""
    return nullcontext() if len(run.parameters) == 1 else _frozen_but(run, name)


@contextmanager
def _frozen_but(run: Run, name: str) -> Iterator[None]:
    own = {id(parameter) for parameter in run.parameters[name]}
    others = [p for group in run.parameters.values() for p in group if id(p) not in own]
    frozen = [parameter for parameter in others if parameter.requires_grad]
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)
