"""The map of songs, and words that are harmless in a spreadsheet."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrescope.collection.layout import lay_out, log_ratios, pulls, spread
from genrescope.collection.spreadsheet import as_meant, harmless
from genrescope.collection.tagging.plan_file import Change, read_plan, write_plan

RNG = np.random.default_rng(3)
STARTS = "=+-@\t\r\n＝"


def test_a_map_keeps_what_two_dimensions_hold() -> None:
    """Songs that truly differ in two directions only keep all their distances."""
    logs = RNG.normal(size=(40, 2)) @ RNG.normal(size=(2, 5)) * 0.3
    profiles = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    assert profiles.min() > 1e-3
    made = lay_out(profiles)
    assert made.kept == pytest.approx(1.0)
    ratios = log_ratios(profiles)
    for a, b in ((0, 1), (5, 30), (17, 39)):
        wanted = np.linalg.norm(ratios[a] - ratios[b])
        assert np.linalg.norm(made.places[a] - made.places[b]) == pytest.approx(wanted)


def test_a_map_does_not_depend_on_the_order_of_the_songs() -> None:
    profiles = RNG.dirichlet(np.full(6, 0.4), size=30)
    order = RNG.permutation(30)
    assert np.allclose(lay_out(profiles).places[order], lay_out(profiles[order]).places)


def test_axes_point_to_their_genres() -> None:
    labels = ("Jazz", "Metal", "Folk")
    profiles = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    made = lay_out(profiles)
    low, high = pulls(made.axes[0], labels, 1)
    assert {low, high} == {("Jazz",), ("Metal",)}
    assert made.places[labels.index(high[0]), 0] > 0
    assert made.places.sum(axis=0) == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("songs", [0, 1, 2, 3])
def test_few_songs_and_equal_ones_have_a_map(songs: int) -> None:
    made = lay_out(np.tile([0.0, 1.0, 0.0], (songs, 1)))
    assert made.places.shape == (songs, 2)
    assert np.isfinite(made.places).all()
    assert made.kept == 0.0


def test_so_many_are_drawn() -> None:
    assert spread(3, 5).tolist() == [0, 1, 2]
    rows = spread(100_000, 1500)
    assert (len(set(rows.tolist())), rows[0], rows[-1]) == (1500, 0, 99_999)


@given(st.text(alphabet=STARTS + "'ab;\\: ", max_size=8))
def test_harmless_words_come_back(word: str) -> None:
    assert as_meant(harmless(word)) == word
    assert not harmless(word).startswith(tuple(STARTS))


def test_a_plan_does_no_harm_in_a_spreadsheet(tmp_path: Path) -> None:
    hostile = ('=HYPERLINK("http://x")', "a;=1+1", "+1", "'-x", "plain")
    change = Change(os.fsencode("/l/=1.mp3"), hostile, ("@x", "Drum; Bass"))
    write_plan([change], tmp_path / "plan.csv")
    text = (tmp_path / "plan.csv").read_text()
    for row in csv.reader(text.splitlines()):
        for cell in ";".join(row).split(";"):
            assert not cell.strip().startswith(("=", "+", "@", "-"))
    (read,) = read_plan(tmp_path / "plan.csv")
    assert (read.path, read.before, read.after) == (change.path, change.before, change.after)


def test_an_old_plan_is_read(tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text("path,before,after\n/l/a,R\\&B\\; Soul,-core; Jazz\n")
    (read,) = read_plan(plan)
    assert (read.before, read.after) == (("R&B; Soul",), ("-core", "Jazz"))
