"""Teachers: what they believe becomes part of the targets, and who cannot teach is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genrescope.classification.calibrate import apply_temperature
from genrescope.classification.looking import Model, load_models, look
from genrescope.learn.recipe import read_recipe
from genrescope.learn.teaching import Teachers
from genrescope.types import GENRESCOPE_CQT, GENRESCOPE_MEL, TrainingError

SHOWN = {"mel": GENRESCOPE_MEL, "cqt": GENRESCOPE_CQT}
RECIPES = Path(__file__).resolve().parents[2] / "recipes"


@pytest.fixture(scope="module")
def teacher() -> Model:
    return load_models(["mobilenetv3_mel"])[0]


def test_beliefs_are_mixed_into_the_labels(teacher: Model) -> None:
    card = teacher.card
    windows = np.random.default_rng(0).uniform(size=(3, 128, 128)).astype(np.float32)
    labels = np.eye(16, dtype=np.float32)[[0, 5, 9]]
    belief = apply_temperature(look(teacher, windows), card.temperature)
    alone = Teachers([teacher], 1.0, card.labels, SHOWN)
    np.testing.assert_allclose(alone.soften({"mel": windows}, labels), belief, atol=1e-6)
    half = Teachers([teacher, teacher], 0.25, card.labels, SHOWN)
    mixed = half.soften({"mel": windows}, labels)
    np.testing.assert_allclose(mixed, 0.75 * labels + 0.25 * belief, atol=1e-6)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-5)
    assert half.names == ("mobilenetv3_mel", "mobilenetv3_mel")


def test_teachers_speak_alone_of_what_has_no_label(teacher: Model) -> None:
    card = teacher.card
    windows = np.random.default_rng(1).uniform(size=(3, 128, 128)).astype(np.float32)
    belief = apply_temperature(look(teacher, windows), card.temperature)
    labels = np.zeros((3, 16), dtype=np.float32)
    labels[0, 3], labels[1, 3] = 1.0, 0.4  # the second has an unlabelled window mixed into it
    mixed = Teachers([teacher], 0.5, card.labels, SHOWN).soften({"mel": windows}, labels)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(mixed[0], 0.5 * labels[0] + 0.5 * belief[0], atol=1e-6)
    np.testing.assert_allclose(mixed[1], 0.5 * labels[1] + 0.8 * belief[1], atol=1e-6)
    np.testing.assert_allclose(mixed[2], belief[2], atol=1e-6)


def test_a_teacher_looks_at_its_own_kind(teacher: Model) -> None:
    card = teacher.card
    generator = np.random.default_rng(2)
    shown = {
        "mel": generator.uniform(size=(2, 128, 128)).astype(np.float32),
        "cqt": generator.uniform(size=(2, 84, 128)).astype(np.float32),
    }
    both = Teachers([teacher, *load_models(["mobilenetv3_cqt"])], 1.0, card.labels, SHOWN)
    assert both.kinds == {"mel", "cqt"}
    alone = [
        apply_temperature(look(model, shown[kind]), model.card.temperature)
        for kind, model in (("mel", teacher), ("cqt", load_models(["mobilenetv3_cqt"])[0]))
    ]
    told = both.soften(shown, np.zeros((2, 16), dtype=np.float32))
    np.testing.assert_allclose(told, np.mean(alone, axis=0), atol=1e-6)


def test_who_cannot_teach(teacher: Model) -> None:
    card = teacher.card
    with pytest.raises(TrainingError, match="cannot teach here"):
        Teachers([teacher], 0.5, card.labels[::-1], SHOWN)
    with pytest.raises(TrainingError, match="cannot teach here"):
        Teachers([teacher], 0.5, card.labels, {"cqt": GENRESCOPE_CQT})
    for models, weight in (([teacher], 0.0), ([teacher], 1.5), ([], 0.5)):
        with pytest.raises(TrainingError, match="weight in"):
            Teachers(models, weight, card.labels, SHOWN)


def test_a_recipe_names_its_teachers(tmp_path: Path) -> None:
    text = (RECIPES / "mobilenetv3_mel_base.toml").read_text(encoding="utf-8")
    path = tmp_path / "taught.toml"
    path.write_text(f'{text}\n[teaching]\nmodels = ["a", "b"]\nweight = 0.3\n', encoding="utf-8")
    recipe = read_recipe(path)
    assert recipe.teaching.models == ("a", "b")
    assert (
        replace(recipe.teaching, models=(), weight=0.5)
        == read_recipe(RECIPES / "mobilenetv3_mel_base.toml").teaching
    )
