"""Hostile files: the fuzzer makes the same ones again, and a slice of them through every door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from genrescope.apps.fuzz.fields import find_fields, mend_ogg
from genrescope.apps.fuzz.findings import Finding, Round, read_round
from genrescope.apps.fuzz.inventions import INVENTIONS
from genrescope.apps.fuzz.main import summary
from genrescope.apps.fuzz.making import Maker, hostile_name
from genrescope.apps.fuzz.mutations import MUTATIONS
from genrescope.apps.fuzz.supervising import Plan, supervise
from genrescope.types import GenrescopeError

SECONDS = float(os.environ.get("GENRESCOPE_FUZZ_SECONDS", "5"))
"""Of each of the two slices; the rounds begun by then are finished. CI takes longer ones."""


@pytest.fixture(scope="module")
def maker(samples: Path) -> Maker:
    return Maker(samples, sounds=1)


def test_the_same_numbers_make_the_same_files(maker: Maker) -> None:
    first, again, other = (
        [maker.make(i, np.random.default_rng([seed, 7])) for i in range(20)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_names_are_hostile_and_differ() -> None:
    generator = np.random.default_rng(0)
    names = [hostile_name(i, generator) for i in range(300)]
    assert len(set(names)) == 300
    assert max(map(len, names)) == 255
    assert any(b"\n" in name for name in names)
    assert any(name.startswith(b"-") for name in names)
    assert all(b"/" not in name and b"\0" not in name for name in names)


def test_numbers_are_found_where_formats_keep_them(samples: Path, maker: Maker) -> None:
    kinds = ("WAV PCM_16", "AIFF", "FLAC", "OGG VORBIS", "MP3", "ipod aac")
    for kind in kinds:
        content = next(content for name, content in maker.bases if kind in name)
        fields = find_fields(content)
        assert len(fields) >= 4, kind
        bent = fields[0].write(content, 2**63)
        assert len(bent) == len(content), kind


def test_checksums_are_mended(maker: Maker) -> None:
    whole = next(content for name, content in maker.bases if "OGG VORBIS" in name)
    assert mend_ogg(whole) == whole
    assert mend_ogg(whole[:22] + b"\1\2\3\4" + whole[26:]) == whole


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutations_bear_with_anything(name: str, maker: Maker) -> None:
    generator = np.random.default_rng(3)
    for content in (b"", b"\0", b"RIFF", b"OggS", maker.bases[0][1]):
        assert isinstance(MUTATIONS[name](content, generator), bytes)


@pytest.mark.parametrize("name", INVENTIONS)
def test_inventions_are_bytes(name: str) -> None:
    assert isinstance(INVENTIONS[name](np.random.default_rng(5)), bytes)


def test_rounds_can_be_kept() -> None:
    made = Round(4, findings=[Finding("hang", "scan", ("a", "b"), "why")])
    made.count("answered", 1.5)
    assert read_round(json.loads(json.dumps(made.to_plain()))) == made
    assert summary([made, Round(5)])["cases"] == 1


def test_a_worker_that_cannot_begin_is_an_error(tmp_path: Path) -> None:
    plan = Plan("sounds", 0, 0, 1, 1, tmp_path / "none", "mobilenetv3_mel", 60.0)
    with pytest.raises(GenrescopeError, match=r"cannot start or go on: .*no recording"):
        list(supervise(plan))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems count otherwise")
def test_memory_is_of_the_process_alone() -> None:
    much = np.ones(100_000_000)  # 800 MB, all written to
    program = "from genrescope.apps.fuzz.rounds import peak_bytes; print(peak_bytes())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert 10e6 < int(done.stdout) < 0.9 * much.nbytes


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("mode", "files"), [("sounds", 12), ("models", 24)])
def test_a_slice_finds_nothing(
    mode: str, files: int, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("alembic")
    pytest.importorskip("fastapi")
    model = "mobilenetv3_mel" if mode == "sounds" else "musicnn_msd"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    plan = Plan(mode, 20_261_121, 0, 10_000, files, samples, model, SECONDS)
    rounds = list(supervise(plan))
    assert sum(made.cases for made in rounds) >= files
    assert [finding for made in rounds for finding in made.findings] == []
    assert len({answer for made in rounds for answer in made.answers}) > 2
    assert list(tmp_path.iterdir()) == []  # the worker was killed in the midst of a round
