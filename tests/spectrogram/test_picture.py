"""The picture that a network sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrescope.spectrogram.picture import draw_picture, resize_matrix, scale_unit, unit_values
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    CardError,
    PictureSpec,
    SpectrogramError,
    SpectrogramSpec,
)

SIZES = st.integers(1, 300)


@given(SIZES, SIZES)
def test_weights_sum_to_one(size_in: int, size_out: int) -> None:
    matrix = resize_matrix(size_in, size_out)
    assert matrix.shape == (size_out, size_in)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-5)


def test_equal_size_changes_nothing() -> None:
    np.testing.assert_allclose(resize_matrix(128, 128), np.eye(128), atol=1e-7)


@pytest.mark.parametrize("size", [96, 224])
def test_agrees_with_pytorch(size: int) -> None:
    torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")
    window = np.random.default_rng(0).uniform(size=(1, 128, 128)).astype(np.float32)
    spec = PictureSpec(size, size, 1, (0.0,), (1.0,))
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(window[:, None]), size=(size, size), mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(draw_picture(window, spec), theirs.numpy(), atol=1e-5)


def test_normalised_in_as_many_channels_as_asked_for() -> None:
    window = np.full((2, 84, 128), 0.75, dtype=np.float32)
    spec = PictureSpec(64, 32, 3, (0.5, 0.25, 0.75), (0.25, 0.5, 1.0))
    picture = draw_picture(window, spec)
    assert picture.shape == (2, 3, 64, 32)
    assert picture.flags.c_contiguous
    np.testing.assert_allclose(picture[0, :, 0, 0], [1.0, 1.0, 0.0], atol=1e-5)


def test_low_bands_come_first() -> None:
    window = np.zeros((1, 128, 128), dtype=np.float32)
    window[0, :10] = 1
    picture = draw_picture(window, PictureSpec(128, 128, 1, (0.0,), (1.0,)))[0, 0]
    assert picture[:8].min() == 1.0
    assert picture[20:].max() == 0.0


def test_unit_clips() -> None:
    values = np.array([-200.0, -80.0, -20.0, 5.0], dtype=np.float32)
    assert scale_unit(values, 80.0).tolist() == [0.0, 0.0, 0.75, 1.0]


@pytest.mark.parametrize("spec", [GENRESCOPE_MEL, GENRESCOPE_CQT], ids=lambda spec: spec.kind)
def test_our_recipes_are_scaled_to_the_bit_as_ever(spec: SpectrogramSpec) -> None:
    values = np.random.default_rng(0).uniform(-85, 0, (2, 8, 9)).astype(np.float32)
    assert np.array_equal(unit_values(values, spec), scale_unit(values, 80.0))


def test_a_picture_can_be_the_values_themselves() -> None:
    spec = SpectrogramSpec(
        "mel", 16000, 96, 256, 512, 0.0, 8000.0, compression="log10", log_gain=1e4, log_ceiling=8.0
    )
    values = np.random.default_rng(0).uniform(0, 7, (2, 96, 187)).astype(np.float32)
    picture = draw_picture(unit_values(values, spec), PictureSpec(96, 187, 1, (0.0,), (1 / 8,)))
    np.testing.assert_allclose(picture[:, 0], values, atol=1e-6)
    assert unit_values(values + 8, spec).max() == 1.0


def test_refusals() -> None:
    with pytest.raises(SpectrogramError):
        draw_picture(np.zeros((128, 128), dtype=np.float32), PictureSpec())
    with pytest.raises(CardError):
        PictureSpec(channels=2, mean=(0.5, 0.5), std=(1.0, 1.0))
    with pytest.raises(CardError):
        PictureSpec(std=(0.0,))
