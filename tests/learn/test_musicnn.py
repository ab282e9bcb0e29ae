"""The port of musicnn against the original's outputs, and the way from its tags to genres."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")

from genrescope import spectrogram  # noqa: E402
from genrescope.audio import listen  # noqa: E402
from genrescope.classification.drawing import draw_spans  # noqa: E402
from genrescope.learn import datasets, fold_recipe, folded, networks  # noqa: E402
from genrescope.learn.embeddings import load_embeddings  # noqa: E402
from genrescope.learn.fold_recipe import HEARD_MEL, MUSICNN_MEL, MUSICNN_PICTURE  # noqa: E402
from genrescope.learn.head import choose_head, fit_head  # noqa: E402
from genrescope.learn.networks import musicnn  # noqa: E402
from genrescope.learn.networks.musicnn import Folded, Musicnn, load_variables  # noqa: E402
from genrescope.spectrogram.picture import draw_picture, unit_values  # noqa: E402
from genrescope.types import TrainingError, Waveform  # noqa: E402

FOLDER = datasets.data_folder()
RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "musicnn_msd.toml"
there = pytest.mark.skipif(
    not (FOLDER / folded.VARIABLES_FILE).is_file(),
    reason=f"musicnn's weights and reference are not here ({FOLDER})",
)


@pytest.fixture(scope="module")
def original() -> Musicnn:
    return load_variables(datasets.read_arrays(FOLDER, folded.VARIABLES_FILE))


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    path = FOLDER / "musicnn" / "reference.json"
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def run(network: Musicnn, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with torch.inference_mode():
        logits, embedding = network(torch.from_numpy(np.ascontiguousarray(pictures)))
    return logits.numpy(), embedding.numpy()


@there
def test_the_port_computes_what_the_original_does(
    original: Musicnn, reference: dict[str, Any]
) -> None:
    drawn = np.random.default_rng(0).random((1, 187, 96), dtype=np.float32) * 4
    logits, _ = run(original, drawn.transpose(0, 2, 1)[:, None])
    np.testing.assert_allclose(logits[0], reference["random_input"]["logits"], atol=3e-5)


@there
@pytest.mark.parametrize("clip", ["jazz_vibe_ace.flac", "classical_hungarian_dance_22k.wav"])
def test_from_a_recording_to_its_tags(
    clip: str, original: Musicnn, reference: dict[str, Any]
) -> None:
    """The reference was heard through FFmpeg's resampler and mixture, and so is it here."""
    wanted = reference["files"][clip]
    picture = spectrogram.draw(ffmpeg_mono(FOLDER / "clips" / clip), MUSICNN_MEL).values
    count = wanted["windows"]
    windows = np.stack([picture[:, i * 187 : (i + 1) * 187] for i in range(count)])
    unit = unit_values(windows, MUSICNN_MEL)
    logits, embedding = run(original, draw_picture(unit, MUSICNN_PICTURE))
    np.testing.assert_allclose(logits[0], wanted["first_window_logits"], atol=2e-3)
    head = wanted["first_window_embedding_head"]
    np.testing.assert_allclose(embedding[0, : len(head)], head, atol=1e-3)
    np.testing.assert_allclose(expit(logits).mean(axis=0), wanted["mean"], atol=1e-3)


def ffmpeg_mono(path: Path) -> Waveform:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=16000)
    with av.open(str(path)) as container:
        frames = [f for given in container.decode(audio=0) for f in resampler.resample(given)]
    frames += resampler.resample(None)
    return Waveform(np.concatenate([f.to_ndarray()[0] for f in frames]), 16000)


@there
@pytest.mark.parametrize("clip", ["jazz_vibe_ace.flac", "electronic_eye_twitching.mp3"])
def test_along_the_line_stereo_is_heard_as_the_stored_embeddings_were(
    clip: str, original: Musicnn
) -> None:
    windows = spectrogram.draw(ffmpeg_mono(FOLDER / "clips" / clip), MUSICNN_MEL).values
    with listen(FOLDER / "clips" / clip) as recording:
        ours = next(draw_spans(recording, [HEARD_MEL])).spectrogram.values
        plain = ours - np.float32(np.log10(2))
    columns = slice(0, min(windows.shape[1], ours.shape[1]) - 2)
    apart = [np.abs(v[:, columns] - windows[:, columns]).mean() for v in (ours, plain)]
    assert apart[0] < 0.15
    assert apart[0] < apart[1] / 2


@there
def test_stored_embeddings_are_the_networks(original: Musicnn) -> None:
    """Tags are linear in the embedding, so that the stored ones can be held against each other."""
    stored = load_embeddings(FOLDER)
    weights, offsets = (p.detach().numpy() for p in (original.tags.weight, original.tags.bias))
    of_mean = expit(stored.embedding @ weights.T + offsets)
    assert np.corrcoef(of_mean.ravel(), stored.tags.ravel())[0, 1] > 0.97


def test_variables_must_all_fit() -> None:
    network = Musicnn()
    with pytest.raises(TrainingError, match=r"lack 'conv2d\|kernel'"):
        load_variables({})
    variables = {"conv2d|kernel": np.zeros((7, 38, 1, 203), dtype=np.float32)}
    with pytest.raises(TrainingError, match=r"conv2d 0 has shape \(203, 1, 7, 38\)"):
        load_variables(variables)
    assert "musicnn" not in networks.names()
    with pytest.raises(TrainingError, match="not trained here"):
        musicnn.build("musicnn", 1, 16, 0.0)
    assert sum(p.numel() for p in network.parameters()) > 700_000


def test_a_head_sits_on_the_embedding() -> None:
    torch.manual_seed(0)
    network = Musicnn().eval()
    generator = np.random.default_rng(0)
    weights = generator.standard_normal((16, 200)).astype(np.float32)
    offsets = generator.standard_normal(16).astype(np.float32)
    picture = torch.rand(2, 1, 96, 187)
    with torch.inference_mode():
        given = Folded(network, weights, offsets).eval()(picture).numpy()
        embedding = network(picture)[1].numpy()
    np.testing.assert_allclose(given, embedding @ weights.T + offsets, atol=1e-4)


def clusters(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, n)
    centres = np.array([[0, 0, 0, 9], [2, 0, 1, 9], [0, 2, -1, 9]], dtype=np.float32)
    noise = generator.standard_normal((n, 4)).astype(np.float32)
    return centres[truth] + noise, truth


def test_a_head_against_scikit_learn() -> None:
    values, truth = clusters(0)
    head = fit_head(values, truth, 3, 0.05, 0.4)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    counts = np.bincount(truth)
    share = counts[truth] ** -0.6
    theirs = LogisticRegression(C=1 / 0.05, tol=1e-8, max_iter=2000)
    theirs.fit((values - mean) / spread, truth, sample_weight=share / share.sum())
    ours = head.logits(values)
    wanted = theirs.decision_function((values - mean) / spread)
    first, second = (rows - rows.mean(axis=1, keepdims=True) for rows in (ours, wanted))
    np.testing.assert_allclose(first, second, atol=5e-3)


def test_the_head_that_validates_best_is_kept() -> None:
    taught, judged = clusters(1, 12), clusters(2, 200)
    kept = choose_head(taught, judged, 4, (1e-6, 0.1, 100.0), 1.0)
    assert kept.penalty == 0.1
    assert kept.logits(judged[0]).shape == (200, 4)
    assert (kept.logits(judged[0]).argmax(axis=1) != 3).all()
    with pytest.raises(TrainingError, match="penalty above 0"):
        fit_head(*taught, 3, 0.0, 1.0)
    with pytest.raises(TrainingError, match="no excerpt"):
        fit_head(taught[0][:0], taught[1][:0], 3, 0.1, 1.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "x"\n', "network|penalties|taxonomy"),
        ('network = "musicnn"\nmood = 1\n', "knows no mood"),
        ("name =", "not a recipe"),
        (
            'name = "x"\nnetwork = "musicnn"\ntaxonomy = "genres16"\npenalties = ["much"]\n',
            "could not convert",
        ),
    ],
)
def test_recipes_that_fold_nothing(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match=says):
        fold_recipe.read_fold_recipe(path)
    assert fold_recipe.is_fold(path) == ("mood" in text or "much" in text)
    assert fold_recipe.is_fold(RECIPE)
    assert not fold_recipe.is_fold(tmp_path)


def write_embeddings(folder: Path, *, starts: list[float], titles: list[str]) -> None:
    (folder / "musicnn").mkdir(exist_ok=True)
    count = len(starts)
    rows = np.arange(count, dtype=np.float16)[:, None]
    np.savez(
        folder / "musicnn" / "embeddings.npz",
        tags=np.repeat(rows, 50, axis=1),
        embedding=np.repeat(rows, 200, axis=1),
        title=np.array(titles),
        source=np.array(["here"] * count),
        start=np.array(starts, dtype=np.float32),
    )


def test_embeddings_stand_in_the_collections_order(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "audio_pairs.npz",
        title=np.array(["b", "a", "a"]),
        source=np.array(["here"] * 3),
        start=np.array([0.0, 30.04, 0.0], dtype=np.float32),
    )
    write_embeddings(tmp_path, titles=["a", "a", "b", "c"], starts=[0.0, 30.0, 0.0, 0.0])
    assert load_embeddings(tmp_path).embedding[:, 0].tolist() == [2, 1, 0]
    assert load_embeddings(tmp_path).tags.shape == (3, 50)
    write_embeddings(tmp_path, titles=["a", "a", "b"], starts=[0.0, 29.0, 0.0])
    with pytest.raises(TrainingError, match=r"lacks 1 excerpts.*'a', 'here', 300"):
        load_embeddings(tmp_path)
    write_embeddings(tmp_path, titles=["a", "a", "b"], starts=[0.0, 0.0, 0.0])
    with pytest.raises(TrainingError, match="twice"):
        load_embeddings(tmp_path)


@there
def test_soft_labels_of_what_has_a_label_and_what_has_none() -> None:
    from genrescope.learn.soft_labels import soften

    soft = soften(RECIPE, FOLDER)
    excerpts = datasets.load("audio_pairs").load(FOLDER)
    assert soft.names == excerpts.names
    np.testing.assert_allclose(soft.probabilities.sum(axis=1), 1, atol=1e-4)
    assert soft.splits.count("unlabelled") == 422 - 29  # those 29 are by artists who judge
    teaching = soft.teaching()
    judged = {n for n, s in zip(excerpts.names, excerpts.splits, strict=True) if s == "test"}
    assert not judged & set(teaching)
    assert len(teaching) == 393 + 839
    right = [
        soft.labels[row.argmax()] == genre
        for row, genre, split in zip(
            soft.probabilities, excerpts.genres, excerpts.splits, strict=True
        )
        if split == "test"
    ]
    assert np.mean(right) > 0.7
