"""From decibels to the picture that a network sees.

Training and running both come through here, so that what a network learned from and what it is
shown later cannot drift apart.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from genrescope.spectrogram.blocks import multiply
from genrescope.types import (
    ColourMap,
    FloatArray,
    PictureSpec,
    SpectrogramError,
    SpectrogramSpec,
    refuse,
)


@lru_cache(maxsize=64)
def resize_matrix(size_in: int, size_out: int) -> FloatArray:
    """Weights that resample `size_in` values to `size_out`, bilinear and antialiased.

    A triangular filter centred on each output pixel, as wide as an input pixel where the
    picture grows and as wide as an output pixel where it shrinks, its weights summing to 1.

    Parameters
    ----------
    size_in, size_out : int
        Numbers of pixels, at least 1.

    Returns
    -------
    ndarray of float32, shape (size_out, size_in)
        Read-only.

    Examples
    --------
    >>> resize_matrix(2, 4).tolist()
    [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    """
    ratio = size_in / size_out
    width = max(1.0, ratio)
    centres = (np.arange(size_out) + 0.5) * ratio - 0.5
    distance = np.abs(np.arange(size_in)[None, :] - centres[:, None]) / width
    weights = np.maximum(0.0, 1.0 - distance)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = weights.astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def resize(planes: NDArray[np.floating], height: int, width: int) -> FloatArray:
    """Planes at another size, as `resize_matrix` weighs them.

    Parameters
    ----------
    planes : ndarray, shape (..., rows, columns)
    height, width : int

    Returns
    -------
    ndarray of float32, shape (..., height, width)
        The planes themselves where they are of that size and float32.
    """
    resized: FloatArray = np.asarray(planes, dtype=np.float32)
    rows, columns = resized.shape[-2:]
    if rows != height:
        resized = multiply(resize_matrix(rows, height), resized)
    if columns != width:
        resized = multiply(resized, resize_matrix(columns, width).T)
    return resized


def draw_picture(unit: FloatArray, spec: PictureSpec) -> FloatArray:
    """Resize windows in [0, 1] to a network's picture and normalise them.

    Parameters
    ----------
    unit : ndarray of float32, shape (windows, bands, frames)
        What `unit_values` gives.
    spec : PictureSpec

    Returns
    -------
    ndarray of float32, shape (windows, channels, height, width)
        C-contiguous; row 0 is the lowest band, or the highest where the recipe says so.

    Raises
    ------
    SpectrogramError
        If `unit` is not a stack of windows.
    """
    refuse(unit.ndim != 3, "pictures are drawn from (windows, bands, frames)", SpectrogramError)
    if spec.stretch == "window":
        unit = stretch_windows(unit)
    planes = colour_values(unit, spec.colours) if spec.colours else unit[:, None]
    resized = resize(planes, spec.height, spec.width)
    if spec.lowest_row == "last":
        resized = resized[:, :, ::-1]
    mean = np.asarray(spec.mean, dtype=np.float32)[None, :, None, None]
    std = np.asarray(spec.std, dtype=np.float32)[None, :, None, None]
    picture: FloatArray = np.ascontiguousarray((resized - mean) / std, dtype=np.float32)
    return picture


def stretch_windows(unit: FloatArray) -> FloatArray:
    """Map each window's least value to 0 and its greatest to 1; an even window becomes 0.

    Parameters
    ----------
    unit : ndarray of float32, shape (windows, bands, frames)

    Returns
    -------
    ndarray of float32, same shape

    Examples
    --------
    >>> stretch_windows(np.array([[[0.5, 0.75, 1.0]]], dtype=np.float32)).tolist()
    [[[0.0, 0.5, 1.0]]]
    """
    least = unit.min(axis=(1, 2), keepdims=True)
    extent = unit.max(axis=(1, 2), keepdims=True) - least
    stretched: FloatArray = (unit - least) / np.where(extent > 0, extent, np.float32(1))
    return stretched


def colour_values(unit: FloatArray, colours: ColourMap) -> FloatArray:
    """Draw values in [0, 1] in the 256 colours of a map.

    Parameters
    ----------
    unit : ndarray of float32, shape (windows, bands, frames)
    colours : str
        Name of the map, not "".

    Returns
    -------
    ndarray of float32, shape (windows, 3, bands, frames)
        Red, green and blue in [0, 1], as a picture of 8 bits holds them.
    """
    places = np.minimum((unit * np.float32(256)).astype(np.intp), 255)
    return np.ascontiguousarray(np.moveaxis(_colour_table(colours)[places], -1, 1))


@lru_cache(maxsize=8)
def _colour_table(colours: ColourMap) -> FloatArray:
    from matplotlib import colormaps

    shades = np.asarray(colormaps[colours](np.arange(256), bytes=True), dtype=np.float32)
    table: FloatArray = shades[:, :3] / np.float32(255)
    table.setflags(write=False)
    return table


def unit_values(values: FloatArray, spec: SpectrogramSpec) -> FloatArray:
    """Map a spectrogram's values to [0, 1], whatever its recipe.

    Parameters
    ----------
    values : ndarray of float32, any shape
        Of a spectrogram by `spec`.
    spec : SpectrogramSpec

    Returns
    -------
    ndarray of float32, same shape
    """
    if spec.compression == "db":
        return scale_unit(values, spec.dynamic_range_db)
    unit: FloatArray = np.clip(values / np.float32(spec.log_ceiling), 0.0, 1.0)
    return unit


def scale_unit(values: FloatArray, dynamic_range_db: float) -> FloatArray:
    """Map [-dynamic_range_db, 0] dB to [0, 1]; what lies outside is clipped.

    Parameters
    ----------
    values : ndarray of float32, any shape
        In dB.
    dynamic_range_db : float
        Positive.

    Returns
    -------
    ndarray of float32, same shape

    Examples
    --------
    >>> scale_unit(np.array([-80.0, -40.0, 0.0], dtype=np.float32), 80.0).tolist()
    [0.0, 0.5, 1.0]
    """
    unit = np.asarray(values, dtype=np.float32) / np.float32(dynamic_range_db) + np.float32(1)
    clipped: FloatArray = np.clip(unit, 0.0, 1.0).astype(np.float32, copy=False)
    return clipped
