"""Which excerpts may teach and which must judge, and the check that none does both."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from genrescope.learn.excerpts import Excerpts
from genrescope.types import TrainingError

VALID_SHARE = 0.10
TEST_SHARE = 0.15


def split_by_hash(group: str) -> str:
    """The split of a group: the same on every machine, now and later.

    Examples
    --------
    >>> split_by_hash("metallica") == split_by_hash("metallica")
    True
    """
    digest = hashlib.sha256(f"genrescope split 1\n{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < TEST_SHARE:
        return "test"
    return "valid" if place < TEST_SHARE + VALID_SHARE else "train"


def plain_title(song: str) -> str:
    """A song's name without its brackets, case and punctuation, to find it in another collection.

    Examples
    --------
    >>> plain_title("Polo G - RAPSTAR (Official Video)")
    'polograpstar'
    """
    bare = re.sub(r"[(\[{].*?[)\]}]", " ", song.lower())
    return re.sub(r"[\W_]", "", bare)


def plain_name(name: str) -> str:
    """A name reduced to lower-case letters and digits.

    Examples
    --------
    >>> plain_name("AC/DC") == plain_name("ACDC")
    True
    """
    return re.sub(r"[\W_]", "", name.lower())


def withhold_judged(collections: Sequence[Excerpts]) -> tuple[Excerpts, ...]:
    """Exclude from every ``train`` what another collection's ``valid`` or ``test`` judges by.

    An excerpt is excluded when its artist or its song stands there too, so that splits by
    artist hold across collections and not only within each. So is an unlabelled one, which must
    not stand in its own collection's either.

    Parameters
    ----------
    collections : sequence of Excerpts

    Returns
    -------
    tuple of Excerpts
        The same, with some ``train`` turned into ``excluded``.
    """
    cleaned = []
    for mine in collections:
        own = _judged_names(mine)
        others: set[str] = set()
        for other in collections:
            if other.dataset != mine.dataset:
                others |= _judged_names(other)
        judged = {"train": others, "unlabelled": others | own}
        keys = zip(mine.groups, mine.songs, mine.splits, strict=True)
        splits = tuple(
            "excluded"
            if {plain_name(group), plain_title(song)} & judged.get(split, set())
            else split
            for group, song, split in keys
        )
        cleaned.append(replace(mine, splits=splits))
    return tuple(cleaned)


def _judged_names(excerpts: Excerpts) -> set[str]:
    names = set()
    for group, song, split in zip(excerpts.groups, excerpts.songs, excerpts.splits, strict=True):
        if split in ("valid", "test"):
            names |= {plain_name(group), plain_title(song)}
    return {name for name in names if len(name) > 2}


def check_leaks(collections: Iterable[Excerpts]) -> None:
    """Refuse to go on where a test or validation excerpt could have been learned from.

    Raises
    ------
    TrainingError
        If within a data set a group or a song stands in two of train, valid and test, or if a
        song of one data set's test stands in another's train under the same artist and title.
    """
    taught: dict[str, str] = {}
    judged: dict[str, str] = {}
    for excerpts in collections:
        _check_one(excerpts)
        for song, split in zip(excerpts.songs, excerpts.splits, strict=True):
            title = plain_title(song)
            if len(title) > 8 and split in ("train", "test"):
                (taught if split == "train" else judged)[title] = excerpts.dataset
    both = sorted(set(taught) & set(judged))
    if both:
        where = "; ".join(f"{t} ({taught[t]} train, {judged[t]} test)" for t in both[:5])
        raise TrainingError(f"{len(both)} songs stand in train and in test: {where}")


def _check_one(excerpts: Excerpts) -> None:
    for what in ("groups", "songs"):
        seen: dict[str, str] = {}
        for member, split in zip(getattr(excerpts, what), excerpts.splits, strict=True):
            if split not in ("train", "valid", "test"):
                continue
            if seen.setdefault(member, split) != split:
                raise TrainingError(
                    f"{excerpts.dataset}: {member!r} stands in {seen[member]} and in {split}"
                )
