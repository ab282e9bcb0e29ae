"""What became of every tensor, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import torch

from genrescope.learn.importing.namings import Renamed
from genrescope.types import ModelError

State = Literal["matched", "renamed", "missing", "unexpected", "wrong shape"]
STATES: tuple[State, ...] = ("matched", "renamed", "missing", "unexpected", "wrong shape")

MOST_SHARE = 0.01
"""So much of the network's weights may be without a match, and of the file's without a use."""

COUNTER = "num_batches_tracked"
"""Of a batch norm's steps in training: no weight, and not counted as one."""

NAMED = 6


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one tensor.

    Attributes
    ----------
    state : str
        One of `STATES`.
    name : str
        In the network; for an unexpected one as it was translated.
    source : str
        In the file, or "".
    shape, source_shape : tuple of int
        In the network and in the file; () where it is not there.
    values : int
        How many numbers it holds, of the network where it is there.
    """

    state: State
    name: str
    source: str
    shape: tuple[int, ...]
    source_shape: tuple[int, ...]
    values: int


@dataclass(frozen=True, slots=True)
class Matching:
    """What became of all tensors of a network and a file.

    Attributes
    ----------
    fates : tuple of Fate
        The network's in its order, then what the file has beyond them.
    place : str
        Where the network keeps its head.
    """

    fates: tuple[Fate, ...]
    place: str

    def of(self, *states: State) -> tuple[Fate, ...]:
        """Those of these states."""
        return tuple(fate for fate in self.fates if fate.state in states)

    def values(self, *states: State) -> int:
        """How many numbers those of these states hold."""
        return sum(fate.values for fate in self.of(*states))

    @property
    def lacking(self) -> tuple[Fate, ...]:
        """The network's tensors that stay as they were."""
        return self.of("missing", "wrong shape")

    @property
    def lacking_share(self) -> float:
        """Which part of the network's weights those are."""
        total = sum(fate.values for fate in self.fates if fate.state != "unexpected")
        return sum(fate.values for fate in self.lacking) / max(total, 1)

    @property
    def unused_share(self) -> float:
        """Which part of the file's weights has no place in the network."""
        unused = self.values("unexpected")
        return unused / max(unused + self.values("matched", "renamed"), 1)

    def in_head(self, fate: Fate) -> bool:
        """Whether a tensor belongs to the head."""
        return fate.name.startswith(f"{self.place}.")


def match(network: torch.nn.Module, renamed: Renamed, place: str) -> Matching:
    """Hold a file's tensors against a network's.

    Parameters
    ----------
    network : torch.nn.Module
    renamed : Renamed
    place : str
        Where its head is.
    """
    wanted = network.state_dict()
    fates = []
    for name, tensor in wanted.items():
        if not name.endswith(COUNTER):
            fates.append(_fate(name, tensor, renamed.tensors.get(name), renamed))
    for name, tensor in renamed.tensors.items():
        if name not in wanted and not name.endswith(COUNTER):
            shape = tuple(tensor.shape)
            fates.append(Fate("unexpected", name, renamed.sources[name], (), shape, tensor.numel()))
    return Matching(tuple(fates), place)


def _fate(name: str, tensor: torch.Tensor, given: torch.Tensor | None, renamed: Renamed) -> Fate:
    shape, values = tuple(tensor.shape), tensor.numel()
    if given is None:
        return Fate("missing", name, "", shape, (), values)
    source, theirs = renamed.sources[name], tuple(given.shape)
    if shape != theirs:
        return Fate("wrong shape", name, source, shape, theirs, values)
    state: State = "matched" if renamed.plain[name] == name else "renamed"
    return Fate(state, name, source, shape, theirs, values)


def fill(network: torch.nn.Module, renamed: Renamed, matching: Matching) -> None:
    """Put the weights that have a match into the network, in place."""
    taken = {fate.name: renamed.tensors[fate.name] for fate in matching.of("matched", "renamed")}
    network.load_state_dict(taken, strict=False)


def judge(
    matching: Matching, allow_missing: Sequence[str] = (), allow_unexpected: Sequence[str] = ()
) -> None:
    """Refuse what would be a network of chance.

    Parameters
    ----------
    matching : Matching
    allow_missing : sequence of str
        Patterns (``*`` and ``?``) for names in the network that a person says may be without
        weights from the file.
    allow_unexpected : sequence of str
        The same for names in the file that may stay unused.

    Raises
    ------
    ModelError
        If the head, or more than `MOST_SHARE` of the network's weights, did not match; if more
        than that of the file's weights has no place; or if a pattern says nothing.
    """
    lacking = _beyond(matching.lacking, allow_missing, "--allow-missing", source=False)
    unused = _beyond(matching.of("unexpected"), allow_unexpected, "--allow-unexpected", source=True)
    heads = [fate for fate in (*lacking, *unused) if matching.in_head(fate)]
    if heads:
        raise ModelError(
            f"the head did not match ({_named(heads)}): without it the answers would be chance. Is "
            f"{matching.place!r} where this network keeps it, and is it the right network?"
        )
    total = sum(fate.values for fate in matching.fates if fate.state != "unexpected")
    share = sum(fate.values for fate in lacking) / max(total, 1)
    if share > MOST_SHARE:
        raise ModelError(
            f"{share:.1%} of the network's weights did not match ({_named(lacking)}): the file is "
            "probably of another network. --allow-missing PATTERN says which may be missing"
        )
    used = matching.values("matched", "renamed")
    share = sum(fate.values for fate in unused) / max(used + matching.values("unexpected"), 1)
    if share > MOST_SHARE:
        raise ModelError(
            f"{share:.1%} of the file's weights have no place in the network ({_named(unused)}): "
            "the file is probably of another network. --allow-unexpected PATTERN says which may "
            "stay unused"
        )


def _beyond(
    fates: Sequence[Fate], patterns: Sequence[str], option: str, *, source: bool
) -> list[Fate]:
    """Those that no pattern allows; a pattern that allows nothing is a mistake."""
    left = list(fates)
    for pattern in patterns:
        allowed = [f for f in fates if fnmatchcase(f.source if source else f.name, pattern)]
        if not allowed:
            raise ModelError(f"{option} {pattern!r} is the name of nothing that needs it")
        left = [fate for fate in left if fate not in allowed]
    return left


def _named(fates: Sequence[Fate]) -> str:
    shown = []
    for fate in fates[:NAMED]:
        sizes = " × ".join(map(str, fate.source_shape)), " × ".join(map(str, fate.shape))
        aside = f" (file {sizes[0]}, network {sizes[1]})" if fate.state == "wrong shape" else ""
        shown.append(f"{fate.state} {fate.source or fate.name}{aside}")
    more = f" and {len(fates) - NAMED} more" if len(fates) > NAMED else ""
    return ", ".join(shown) + more
