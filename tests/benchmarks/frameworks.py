"""The same training by what a user might take instead: validation and checkpoints each epoch, nothing else.

Each function returns what trains from the beginning in a folder; it imports its framework, which may be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from bare import BATCH, RATE, Data, network
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

Trains = Callable[[Path], Any]


def lightning(kind: str, data: Data, epochs: int) -> Trains:
    """PyTorch Lightning."""
    import logging

    from lightning import LightningModule, Trainer
    from lightning.pytorch.callbacks import ModelCheckpoint
    from lightning.pytorch.loggers import CSVLogger

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = network(kind, data)

        def training_step(self, batch: Any, index: int) -> Any:
            loss = functional.cross_entropy(self.model(batch[0]), batch[1])
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            logits = self.model(batch[0])
            self.log("val_loss", functional.cross_entropy(logits, batch[1]))
            self.log("val_accuracy", (logits.argmax(1) == batch[1]).float().mean())

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), RATE, fused=True)

    def trains(folder: Path) -> None:
        trainer = Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=CSVLogger(folder),
            callbacks=[ModelCheckpoint(folder, monitor="val_loss", save_last=True)],
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        train = DataLoader(TensorDataset(data.inputs, data.targets), BATCH, shuffle=True)
        validation = DataLoader(TensorDataset(data.val_inputs, data.val_targets), 1024)
        trainer.fit(Module(), train, validation)

    return trains


def hf_trainer(kind: str, data: Data, epochs: int) -> Trains:
    """The Trainer of Hugging Face's transformers."""
    from transformers import Trainer, TrainingArguments

    class Module(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = network(kind, data)

        def forward(self, inputs: Any, labels: Any) -> Any:
            logits = self.model(inputs)
            return {"loss": functional.cross_entropy(logits, labels), "logits": logits}

    def samples(inputs: Any, targets: Any) -> list[dict[str, Any]]:
        return [{"inputs": x, "labels": y} for x, y in zip(inputs, targets, strict=True)]

    def trains(folder: Path) -> None:
        settings = TrainingArguments(
            output_dir=str(folder),
            num_train_epochs=epochs,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=1024,
            learning_rate=RATE,
            lr_scheduler_type="constant",
            optim="adamw_torch_fused",
            eval_strategy="epoch",
            save_strategy="epoch",
            logging_strategy="epoch",
            save_total_limit=2,
            load_best_model_at_end=True,
            use_cpu=True,
            report_to=[],
            disable_tqdm=True,
            log_level="error",
        )
        parts = samples(data.inputs, data.targets), samples(data.val_inputs, data.val_targets)
        Trainer(Module(), settings, train_dataset=parts[0], eval_dataset=parts[1]).train()

    return trains


def skorch(kind: str, data: Data, epochs: int) -> Trains:
    """skorch: the interface of scikit-learn."""
    from skorch import NeuralNetClassifier
    from skorch.callbacks import Checkpoint
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split

    def trains(folder: Path) -> None:
        NeuralNetClassifier(
            network(kind, data),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            optimizer__fused=True,
            lr=RATE,
            max_epochs=epochs,
            batch_size=BATCH,
            iterator_train__shuffle=True,
            train_split=predefined_split(Dataset(data.val_inputs.numpy(), data.val_targets.numpy())),
            callbacks=[("last", Checkpoint(monitor=None, dirname=folder)), ("best", _best(folder))],
            verbose=0,
        ).fit(data.inputs.numpy(), data.targets.numpy())

    def _best(folder: Path) -> Any:
        return Checkpoint(dirname=folder, fn_prefix="best_")

    return trains


def keras(kind: str, data: Data, epochs: int) -> Trains:
    """Keras 3 on torch."""
    import os

    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    keras.config.set_image_data_format("channels_first")

    def layers() -> list[Any]:
        if kind == "mlp":
            return [keras.layers.Flatten(), *(keras.layers.Dense(64, "relu") for _ in range(2))]
        found = []
        for filters in (16, 32):
            found += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu")]
            found += [keras.layers.MaxPooling2D(2)]
        return [*found, keras.layers.Flatten()]

    def trains(folder: Path) -> None:
        shape = tuple(data.inputs.shape[1:])
        model = keras.Sequential([keras.Input(shape), *layers(), keras.layers.Dense(10)])
        model.compile(
            optimizer=keras.optimizers.AdamW(RATE),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        saved = [
            keras.callbacks.ModelCheckpoint(folder / "last.keras"),
            keras.callbacks.ModelCheckpoint(folder / "best.keras", save_best_only=True),
        ]
        validation = (data.val_inputs.numpy(), data.val_targets.numpy())
        model.fit(
            data.inputs.numpy(), data.targets.numpy(), BATCH, epochs,
            verbose=0, validation_data=validation, callbacks=saved,
        )  # fmt: skip

    return trains


FRAMEWORKS = {
    "Lightning": lightning,
    "HF Trainer": hf_trainer,
    "skorch": skorch,
    "Keras on torch": keras,
}
