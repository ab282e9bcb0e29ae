"""Generated files for the tests of the audio room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genrescope.types import FloatArray

from .sounds import Encode


@pytest.fixture
def encode(tmp_path: Path) -> Encode:
    """Write float32 (n,) or (n, channels) with one of FFmpeg's encoders."""

    def write(
        name: str,
        samples: FloatArray,
        sample_rate: int,
        codec: str,
        *,
        picture: bool = False,
        **options: str,
    ) -> Path:
        import av

        path = tmp_path / name
        wide = samples[:, None] if samples.ndim == 1 else samples
        layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[wide.shape[1]]
        with av.open(str(path), "w", options=options) as container:
            video = container.add_stream("mpeg4", rate=10) if picture else None
            stream = container.add_stream(codec, rate=sample_rate, layout=layout)
            if video is not None:
                video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
                for _ in range(10):
                    image = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
                    container.mux(video.encode(image))
                container.mux(video.encode())
            assert isinstance(stream, av.AudioStream)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(wide.T), format="fltp", layout=layout
            )
            frame.sample_rate = sample_rate
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write
