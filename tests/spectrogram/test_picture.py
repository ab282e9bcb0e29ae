"""The picture that a network sees."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrescope.spectrogram.picture import (
    colour_values,
    draw_picture,
    resize_matrix,
    scale_unit,
    unit_values,
)
from genrescope.types import (
    GENRESCOPE_CQT,
    GENRESCOPE_MEL,
    CardError,
    ColourMap,
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


def coloured(**changes: object) -> PictureSpec:
    fields: dict[str, object] = {"channels": 3, "mean": (0.0,) * 3, "std": (1.0,) * 3, **changes}
    return PictureSpec(8, 16, **fields)  # type: ignore[arg-type]


def test_colours_are_matplotlibs_before_resizing() -> None:
    from matplotlib import colormaps

    window = np.random.default_rng(0).uniform(size=(2, 8, 16)).astype(np.float32)
    window[0, 0, :2] = 0, 1
    picture = draw_picture(window, coloured(colours="magma"))
    theirs = colormaps["magma"](window.astype(np.float64), bytes=True)[..., :3] / 255
    np.testing.assert_allclose(np.moveaxis(picture, 1, -1), theirs, atol=1e-6)
    smaller = PictureSpec(4, 4, 3, (0.0,) * 3, (1.0,) * 3, colours="magma")
    per_channel = [
        draw_picture(theirs[..., c].astype(np.float32), PictureSpec(4, 4, 1, (0.0,), (1.0,)))
        for c in range(3)
    ]
    np.testing.assert_allclose(
        draw_picture(window, smaller), np.concatenate(per_channel, 1), atol=1e-6
    )


def test_windows_stretched_to_their_own_extremes() -> None:
    window = np.array([[[0.2, 0.4], [0.3, 0.6]], [[0.5, 0.5], [0.5, 0.5]]], dtype=np.float32)
    spec = PictureSpec(2, 2, 1, (0.0,), (1.0,), stretch="window")
    picture = draw_picture(window, spec)
    np.testing.assert_allclose(picture[0, 0], [[0, 0.5], [0.25, 1]], atol=1e-6)
    assert not picture[1].any()


def test_the_lowest_band_at_the_bottom() -> None:
    window = np.random.default_rng(0).uniform(size=(1, 84, 128)).astype(np.float32)
    first = draw_picture(window, coloured())
    last = draw_picture(window, coloured(lowest_row="last"))
    np.testing.assert_array_equal(last, first[:, :, ::-1])
    assert last.flags.c_contiguous


def test_colours_need_three_channels() -> None:
    with pytest.raises(CardError, match="3 channels"):
        PictureSpec(colours="magma")


@pytest.mark.parametrize("name", [name for name in get_args(ColourMap) if name])
def test_every_map_has_256_colours(name: ColourMap) -> None:
    from matplotlib import colormaps

    assert colormaps[name].N == 256
    values = np.linspace(0, 1, 256, dtype=np.float32).reshape(1, 16, 16)
    assert colour_values(values, name).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("size", [(128, 128), (224, 224), (128, 200), (96, 128), (7, 3)])
def test_pieces_make_the_whole_picture(size: tuple[int, int]) -> None:
    unit = np.random.default_rng(0).random((3, 128, 128), dtype=np.float32)
    before = unit.copy()
    height, width = size
    drawn = draw_picture(unit, PictureSpec(height, width, mean=(0.0,), std=(1.0,)))
    rows, columns = resize_matrix(128, height), resize_matrix(128, width)
    np.testing.assert_allclose(drawn[:, 0], rows @ unit @ columns.T, atol=1e-6)
    assert np.array_equal(unit, before)
