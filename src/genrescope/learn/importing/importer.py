"""The whole way from somebody's weights to a model file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from genrescope.learn import networks as own_networks
from genrescope.learn.export import export_graph
from genrescope.learn.importing import heads, networks
from genrescope.learn.importing.checkpoints import Checkpoint, read_checkpoint
from genrescope.learn.importing.matching import Matching, fill, judge, match
from genrescope.learn.importing.namings import Renamed, rename
from genrescope.learn.importing.recipe import ImportRecipe
from genrescope.models.engines import Engine
from genrescope.models.file import ModelFile, save_model
from genrescope.models.weights import store_weights_int8
from genrescope.types import FloatArray, ModelCard, ModelError, refuse

NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Order:
    """What a person wants imported, and what they say about it.

    Attributes
    ----------
    path : Path
    network : str
        As torchvision calls it.
    recipe : ImportRecipe
    labels : tuple of str
        In the order of the outputs; () where the file is to say.
    name : str
        Of the model.
    licence : str
        Of the weights, as the person states it; "" where they state none.
    part : str
        Which of several sets of weights in the file; "" for the likeliest.
    activation : str, or None
        What lies between the head's linear layers, where neither the file nor its form says.
    trust : bool
        Whether the file's pickle may run what it asks to run.
    """

    path: Path
    network: str
    recipe: ImportRecipe
    labels: tuple[str, ...]
    name: str
    licence: str = ""
    part: str = ""
    activation: str | None = None
    trust: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """An order held against its file: nothing is written yet.

    Attributes
    ----------
    order : Order
    checkpoint : Checkpoint
    renamed : Renamed
    network : torch.nn.Module
        torchvision's, with the file's head and weights where they match.
    matching : Matching
    labels : tuple of str
        Given or found.
    """

    order: Order
    checkpoint: Checkpoint
    renamed: Renamed
    network: nn.Module
    matching: Matching
    labels: tuple[str, ...]

    def check(self, allow_missing: tuple[str, ...], allow_unexpected: tuple[str, ...]) -> None:
        """Refuse what would be a network of chance; see `genrescope.learn.importing.matching`.

        Raises
        ------
        ModelError
        """
        judge(self.matching, allow_missing, allow_unexpected)
        genres = heads.width(self.network.get_submodule(self.matching.place))
        refuse(
            genres != len(self.labels),
            f"the head gives {genres} logits, and there are {len(self.labels)} labels: "
            f"{', '.join(self.labels)}",
            ModelError,
        )

    def write(self, folder: Path, *, int8: bool = False) -> ModelFile:
        """Write ``NAME.onnx`` into `folder`.

        Raises
        ------
        ModelError
            If it cannot be written as ONNX, or not to that place.
        """
        picture = self.order.recipe.picture
        try:
            running = networks.runnable(self.network, self.matching.place, picture)
            graph = export_graph(running, picture)
        except (RuntimeError, ValueError) as error:  # what PyTorch raises for what ONNX has not
            why = str(error).strip().partition("\n")[0]
            raise ModelError(f"{self.order.network} cannot become ONNX: {why}") from error
        card = self.card()
        if int8:
            graph = store_weights_int8(graph)
            card = replace(card, weights="int8 per output channel")
        return save_model(graph, card, folder / f"{self.order.name}.onnx")

    def card(self) -> ModelCard:
        """The card of what is written."""
        order = self.order
        paper = ""
        if order.network in own_networks.names():
            paper = own_networks.load(order.network).PAPER
        return ModelCard(
            name=order.name,
            network=order.network,
            spectrogram=order.recipe.spectrogram,
            picture=order.recipe.picture,
            labels=self.labels,
            licence=order.licence or NOT_STATED,
            paper=paper,
            description=f"{order.network}, trained by others. {order.recipe.description}",
            origin=self._origin(),
            pretrained=f"elsewhere: imported from {self.checkpoint.path.name}",
            warnings=self._warnings(),
        )

    def _origin(self) -> str:
        checkpoint, matching = self.checkpoint, self.matching
        part = f", {checkpoint.part!r}" if checkpoint.part else ""
        counts = f"{len(matching.of('matched', 'renamed'))} tensors of it used"
        return (
            f"{checkpoint.path.name}{part} ({checkpoint.kind}, {self.renamed.naming} naming), "
            f"SHA-256 {checkpoint.sha256}; {counts}"
        )

    def _warnings(self) -> tuple[str, ...]:
        said = ["weights of others: nothing about them was measured here, and nothing calibrated"]
        if self.matching.lacking:
            names = ", ".join(fate.name for fate in self.matching.lacking[:8])
            share = self.matching.lacking_share
            said.append(f"{share:.2%} of the weights are chance, for the file had none: {names}")
        return (*said, *self.order.recipe.differences)

    def check_module(self, pictures: FloatArray) -> None:
        """Hold the rebuilt network against the whole module that the file holds, if it does.

        Parameters
        ----------
        pictures : ndarray of float32, shape (n, channels, height, width)

        Raises
        ------
        ModelError
            If they say different things, as where the module has a softmax at its end or layers
            between that torchvision's network has not.
        """
        module = self.checkpoint.module
        if module is None:
            return
        wanted = self.logits(pictures)
        try:
            with torch.inference_mode():
                given = module(torch.from_numpy(pictures)).numpy()
        except Exception as error:  # it is code of others
            raise ModelError(f"the file's own module cannot run: {error}") from error
        same = given.shape == wanted.shape and np.allclose(given, wanted, rtol=1e-3, atol=1e-3)
        refuse(
            not same,
            f"the file's own module does not say what {self.order.network} says with its weights: "
            "it has other layers without weights",
            ModelError,
        )

    def logits(self, pictures: FloatArray) -> FloatArray:
        """What PyTorch makes of pictures.

        Parameters
        ----------
        pictures : ndarray of float32, shape (n, channels, height, width)

        Returns
        -------
        ndarray of float32, shape (n, genres)
        """
        with torch.inference_mode():
            values: FloatArray = self.network(torch.from_numpy(pictures)).numpy()
        return values

    def difference(self, engine: Engine, pictures: FloatArray) -> float:
        """The greatest difference between PyTorch's logits and a written file's.

        Parameters
        ----------
        engine : Engine
            That runs the file.
        pictures : ndarray of float32, shape (n, channels, height, width)
        """
        return float(np.abs(engine.run(pictures).logits - self.logits(pictures)).max())


def draft(order: Order) -> Draft:
    """Open the file, rebuild the network around its head, and match every tensor.

    Raises
    ------
    ModelError
        If the file cannot be read, its labels are unknown, or its head cannot be rebuilt.
    """
    checkpoint = read_checkpoint(order.path, trust=order.trust, part=order.part)
    labels = _labels(order, checkpoint)
    renamed = rename(checkpoint.tensors)
    network = networks.build(order.network, order.recipe.picture)
    place = heads.place_of(network)
    network.set_submodule(place, _head(order, checkpoint, renamed, network, len(labels)))
    if renamed.batch_norm_eps is not None:
        networks.set_batch_norm_eps(network, renamed.batch_norm_eps)
    matching = match(network, renamed, place)
    fill(network, renamed, matching)
    return Draft(order, checkpoint, renamed, network.eval(), matching, labels)


def _head(
    order: Order, checkpoint: Checkpoint, renamed: Renamed, network: nn.Module, genres: int
) -> nn.Module:
    place = heads.place_of(network)
    own = network.get_submodule(place)
    if checkpoint.module is not None and renamed.naming.startswith("torchvision"):
        found = heads.head_of_module(checkpoint.module, place, renamed.prefix)
        if found is not None:
            return found
    prefix = f"{place}."
    held = {n.removeprefix(prefix): t for n, t in renamed.tensors.items() if n.startswith(prefix)}
    return (
        heads.rebuild_head(own, held, order.activation) if held else heads.fresh_head(own, genres)
    )


def _labels(order: Order, checkpoint: Checkpoint) -> tuple[str, ...]:
    """The labels given, held against those found in the file."""
    given, found = order.labels, checkpoint.labels
    refuse(
        not given and not found,
        f"{order.path}: states no labels, and their order is not to be guessed: give them with "
        "--labels, as a file (one a line) or a comma list in the order of the outputs",
        ModelError,
    )
    disordered = bool(given and found) and given != found and sorted(given) == sorted(found)
    refuse(
        disordered,
        f"the labels given are in another order than the file's own: {', '.join(found)}",
        ModelError,
    )
    return given or found
