"""Which songs teach, which choose the temperature, which judge: by artist, within every genre."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

VALID_SHARE = 0.15
TEST_SHARE = 0.20
"""Shares of a genre's songs, more than in large collections, lest a handful judge."""


def split_songs(labels: Sequence[str], groups: Sequence[str]) -> tuple[str, ...]:
    """Divide songs into ``train``, ``valid`` and ``test`` so that no group stands in two.

    Groups are dealt out genre by genre, the genre of fewest groups first, in an order that
    depends on their names alone; ``test`` is served before ``valid``. A genre keeps at least half
    of its songs, and one group, to learn from; so a genre all of one group is learned and not
    tested.

    Parameters
    ----------
    labels : sequence of str
        Of every song.
    groups : sequence of str
        Of every song.

    Returns
    -------
    tuple of str
        The split of every song.

    Examples
    --------
    >>> split = split_songs(["Jazz"] * 10, [f"artist {i}" for i in range(10)])
    >>> sorted(Counter(split).items())
    [('test', 2), ('train', 6), ('valid', 2)]
    """
    songs: dict[str, Counter[str]] = {}
    for label, group in zip(labels, groups, strict=True):
        songs.setdefault(label, Counter())[group] += 1
    dealt: dict[str, str] = {}
    for label in sorted(songs, key=lambda one: (len(songs[one]), one)):
        _deal(songs[label], dealt, songs)
    return tuple(dealt.get(group, "train") for group in groups)


def _deal(own: Counter[str], dealt: dict[str, str], songs: dict[str, Counter[str]]) -> None:
    """Give groups of one genre to ``test`` and ``valid``, with those already dealt counted."""
    total = own.total()
    for split, share in (("test", TEST_SHARE), ("valid", VALID_SHARE)):
        want = max(1, round(share * total))
        have = sum(count for group, count in own.items() if dealt.get(group) == split)
        waiting = sorted((g for g in own if g not in dealt), key=lambda g: (_order(g), g))
        for group in waiting:
            fits = have + own[group] <= max(want + 1, total // 3)
            if have < want and fits and _may_leave(group, dealt, songs):
                dealt[group] = split
                have += own[group]
        if not have:  # every group is large: the smallest that can be spared
            spared = [g for g in waiting if _may_leave(g, dealt, songs)]
            dealt.update(dict.fromkeys(sorted(spared, key=lambda g: own[g])[:1], split))


def _may_leave(group: str, dealt: dict[str, str], songs: dict[str, Counter[str]]) -> bool:
    """Whether every genre keeps half of its songs, and a group, when this one is taken away."""
    for own in songs.values():
        if group in own:
            gone = sum(count for other, count in own.items() if other in dealt) + own[group]
            if 2 * gone > own.total() or gone == own.total():
                return False
    return True


def _order(group: str) -> str:
    return hashlib.sha256(f"genrescope own split 1\n{group}".encode()).hexdigest()
