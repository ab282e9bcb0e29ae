"""Pictures side by side through OpenVINO's requests, each a stream of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from genrescope.types import FloatArray


class Streams:
    """Requests of one compiled network; safe to use from several threads, one after another.

    Parameters
    ----------
    requests : sequence of openvino.InferRequest
        As many as the network was compiled streams for.
    """

    def __init__(self, requests: Sequence[Any]) -> None:
        self._requests = tuple(requests)
        self._lock = threading.Lock()

    def run(self, pictures: FloatArray, outputs: Sequence[str]) -> list[dict[str, FloatArray]]:
        """The named outputs of every picture, in the order of the pictures.

        Parameters
        ----------
        pictures : ndarray of float32, shape (n, channels, height, width)
        outputs : sequence of str

        Raises
        ------
        RuntimeError
            What OpenVINO raises. Nothing runs on by then.
        """
        free, busy = deque(self._requests), deque[Any]()
        given: list[dict[str, FloatArray]] = []

        def take() -> None:
            request = busy.popleft()
            free.append(request)
            request.wait()
            given.append({o: np.array(request.get_tensor(o).data, np.float32) for o in outputs})

        with self._lock:
            try:
                for picture in pictures:
                    if not free:
                        take()
                    request = free.popleft()
                    request.start_async({"picture": picture[None]})
                    busy.append(request)
                while busy:
                    take()
            finally:
                for request in busy:
                    request.cancel()
                    with suppress(RuntimeError):  # that it was cancelled
                        request.wait()
        return given
