"""One training run: steps, moving average, checkpoints, and going on where it stopped."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from genrescope.learn import networks
from genrescope.learn.ahead import Ahead
from genrescope.learn.checkpoints import alone_in, load_checkpoint
from genrescope.learn.curves import write_curves
from genrescope.learn.excerpts import Excerpts
from genrescope.learn.interrupts import held_back
from genrescope.learn.logbook import LOG
from genrescope.learn.optimising import (
    compiled,
    learning_rate,
    parameter_groups,
    set_blocks,
    set_training,
    sized,
)
from genrescope.learn.recipe import Recipe, identify
from genrescope.learn.sampling import Pool, build_pool, draw_batch
from genrescope.learn.soft_labels import SoftLabels
from genrescope.learn.teaching import Teachers
from genrescope.spectrogram.picture import draw_picture
from genrescope.types import FloatArray, ModelError, SpectrogramSpec, TrainingError, refuse

CHECKPOINT_SECONDS = 120.0
CHECK_EVERY = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """What a training run says of itself after a step."""

    step: int
    steps: int
    loss: float
    pixels: int
    seconds_per_step: float
    valid: dict[str, float]


class Run:
    """A training run in a folder, resumable at its last checkpoint.

    Parameters
    ----------
    recipe : Recipe
    collections : sequence of Excerpts
    labels : tuple of str
        In the order of the network's outputs.
    spectrogram : SpectrogramSpec
    folder : Path
        Holds ``checkpoint.pt``, ``log.jsonl`` and ``curves.html``.
    initial : mapping of str to torch.Tensor, optional
        Weights that the run begins from, by name; fresh ones by default.
    teachers : Teachers, optional
        What they believe becomes part of every batch's targets.
    heard : SoftLabels, optional
        What another network heard in some excerpts; part of their labels.
    """

    def __init__(
        self,
        recipe: Recipe,
        collections: Sequence[Excerpts],
        labels: tuple[str, ...],
        spectrogram: SpectrogramSpec,
        folder: Path,
        initial: Mapping[str, torch.Tensor] | None = None,
        teachers: Teachers | None = None,
        heard: SoftLabels | None = None,
    ) -> None:
        torch.set_num_threads(recipe.threads)
        torch.manual_seed(recipe.seed)
        self.recipe, self.spectrogram, self.folder = recipe, spectrogram, folder
        self.collections, self.labels = collections, labels
        self.teachers = teachers
        kinds = frozenset[str]() if teachers is None else teachers.kinds
        share = recipe.teaching.soft_labels
        self.pool: Pool = build_pool(
            collections, labels, recipe.kind, recipe.data, kinds, heard, share
        )
        channels, dropout = recipe.picture.channels, recipe.optimiser.dropout
        self.network = networks.build(recipe.network, channels, len(labels), dropout)
        self.network = self.network.to(memory_format=torch.channels_last)
        if initial is not None:
            self.network.load_state_dict(initial)
        self._forward = compiled(self.network) if recipe.compiled else self.network
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        groups = parameter_groups(self.network, recipe)
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, fused=True)
        self.step, self.kept_last, self._whole = 0, False, True
        self._batches = Ahead(self._batch)
        folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.is_file():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        """Where the run's state lies."""
        return self.folder / "checkpoint.pt"

    def go(
        self,
        tell: Callable[[Progress], None],
        validate: Callable[[nn.Module, int], dict[str, float]],
        stop_after: int | None = None,
    ) -> None:
        """Train to the end, or for `stop_after` steps; save on the way and when interrupted.

        Parameters
        ----------
        tell : callable
            Called after every step.
        validate : callable
            From a network with averaged weights and a picture size to figures for the log.
        stop_after : int, optional

        Raises
        ------
        TrainingError
            If another process trains in this folder, or the loss is no number any more.
        """
        last = self.recipe.steps if stop_after is None else self.step + stop_after
        with alone_in(self.folder):
            self._go(tell, validate, min(last, self.recipe.steps))

    def _go(
        self,
        tell: Callable[[Progress], None],
        validate: Callable[[nn.Module, int], dict[str, float]],
        last: int,
    ) -> None:
        saved = time.monotonic()
        try:
            while self.step < last:
                began = time.monotonic()
                with held_back():
                    loss = self._advance(last)
                valid: dict[str, float] = {}
                stage = self.recipe.stage_at(self.step - 1)
                pixels = stage.pixels
                ends = self.recipe.stage_at(self.step).pixels != pixels
                if self.step % CHECK_EVERY == 0 or self.step == self.recipe.steps or ends:
                    averaged = self.averaged()
                    set_blocks(averaged, stage)
                    valid = validate(averaged, pixels)
                took = time.monotonic() - began
                self._log(loss, pixels, took, valid)
                tell(Progress(self.step, self.recipe.steps, loss, pixels, took, valid))
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self.save()
                    saved = time.monotonic()
        except TrainingError:
            raise  # weights that are no numbers must not replace the last good checkpoint
        except BaseException:
            if self._whole:  # half a step would be learned twice
                self.save()
            raise
        self.save()

    def _advance(self, last: int) -> float:
        recipe, stage = self.recipe, self.recipe.stage_at(self.step)
        drawn, targets = self._batches.take(self.step, last - 1)
        picture = torch.from_numpy(drawn).contiguous(memory_format=torch.channels_last)
        torch.manual_seed(hash((recipe.seed, self.step)) % 2**63)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(recipe, self.step)
        set_training(self.network, stage)
        self._whole = False  # batch norms learn on the way forward
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bfloat16"):
            logits = self._forward(picture)
        loss = nn.functional.cross_entropy(
            logits.float(),
            torch.from_numpy(targets),
            label_smoothing=recipe.optimiser.label_smoothing,
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        self._whole = True
        value = loss.item()
        refuse(not math.isfinite(value), f"the loss is {value} at step {self.step}", TrainingError)
        return value

    def _batch(self, step: int) -> tuple[FloatArray, FloatArray]:
        """Pictures and targets of a step: they depend on it and on the seed alone."""
        batch = draw_batch(self.pool, self.recipe, step, self.spectrogram.frames)
        windows, targets = batch.windows, batch.targets
        if self.teachers is not None:
            targets = self.teachers.soften({self.recipe.kind: windows, **batch.twins}, targets)
        pixels = self.recipe.stage_at(step).pixels
        return draw_picture(windows, sized(self.recipe.picture, pixels)), targets

    def _follow(self) -> None:
        decay = min(self.recipe.optimiser.ema, (1 + self.step) / (10 + self.step))
        learned = {name for name, _ in self.network.named_parameters()}
        for name, value in self.network.state_dict().items():
            if name in learned:
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def averaged(self) -> nn.Module:
        """A network with the averaged weights, in evaluation mode."""
        return self._made_of(self.average)

    def last(self) -> nn.Module:
        """A network with the weights of the last step, in evaluation mode."""
        return self._made_of(self.network.state_dict())

    def keep_last(self) -> None:
        """Put the last step's weights in the place of their average, for good."""
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.kept_last = True
        self.save()

    def _made_of(self, weights: Mapping[str, torch.Tensor]) -> nn.Module:
        recipe = self.recipe
        network = networks.build(recipe.network, recipe.picture.channels, len(self.labels))
        network.load_state_dict(weights)
        return network.to(memory_format=torch.channels_last).eval()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all, and draw the curves of all steps so far."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "recipe": identify(self.recipe),
            "kept_last": self.kept_last,
            "teachers": self._taught_by,
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)
        with suppress(ModelError):  # a page that cannot be written stops no training
            write_curves(self.folder, self.recipe)

    @property
    def _taught_by(self) -> list[str]:
        return [] if self.teachers is None else self.teachers.digests

    def _resume(self) -> None:
        state = load_checkpoint(self.checkpoint)
        refuse(
            state["recipe"] != identify(self.recipe),
            f"{self.checkpoint} is of another recipe: move it away, or train under another --runs",
            TrainingError,
        )
        others = state.get("teachers", self._taught_by) != self._taught_by
        refuse(
            others and int(state["step"]) < self.recipe.steps,
            f"{self.checkpoint} was taught by other files than teach now: put those back, or move "
            "it away and begin anew",
            TrainingError,
        )
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average, self.step = state["average"], int(state["step"])
        self.kept_last = bool(state.get("kept_last", False))

    def _log(self, loss: float, pixels: int, took: float, valid: dict[str, float]) -> None:
        line = {
            "step": self.step,
            "loss": round(loss, 5),
            "pixels": pixels,
            "seconds": round(took, 3),
            "rate": float(f"{learning_rate(self.recipe, self.step - 1):.5g}"),
            **valid,
        }
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
