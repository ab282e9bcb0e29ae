"""What a decoding process does: take an open file, decode it, and hand samples up a pipe.

What goes up is samples and JSON, never a pickle: a decoder that a hostile file has taken over must
not reach the server through what it says.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing import reduction
from typing import TYPE_CHECKING, Any

import numpy as np

from genrescope.audio.decode import AudioStream
from genrescope.audio.info import CHUNK_FRAMES
from genrescope.collection.confining import settle, silence
from genrescope.types import AudioError, DecodeError, FloatArray

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

READY, OPENED, SAMPLES, NOTICES, ENDED, FAULT = b"R", b"O", b"S", b"N", b"E", b"F"
"""What a message begins with; the samples' is followed by float32, the others' by JSON."""

BUFFER_BYTES = 2**17


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be decoded; the file itself comes right behind, as a descriptor.

    Attributes
    ----------
    name : str
        What the sound is called before people.
    start : float
    duration : float or None
        In seconds.
    processor_seconds : float
        Time on the processor after which the system ends the process.
    """

    name: str
    start: float
    duration: float | None
    processor_seconds: float


@dataclass(frozen=True, slots=True)
class Enough:
    """Nobody wants more of the sound; the next message is the last of it."""


def work(pipe: Connection, memory_bytes: int) -> None:
    """Answer orders until the parent is gone; the target of a decoding process."""
    settle(memory_bytes)
    import av  # noqa: F401 - what every order needs, before the first comes
    import soundfile  # noqa: F401

    pipe.send_bytes(READY)
    silence()
    while True:
        try:
            order = pipe.recv()
            if isinstance(order, Enough):  # it came when all had been said
                continue
            handle = reduction.recv_handle(pipe)
            _limit_processor(order.processor_seconds)
            _answer(pipe, handle, order, memory_bytes)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _answer(pipe: Connection, handle: int, order: Order, memory_bytes: int) -> None:
    """Everything that is to be said of one sound, errors included."""
    try:
        with open(handle, "rb", buffering=BUFFER_BYTES) as file:
            _decode(pipe, file, order)
    except MemoryError:
        limit = f"{memory_bytes / 2**30:.1f} GiB" if memory_bytes else "there is"
        message = f"{order.name}: decoding it needs more memory than it may have ({limit})"
        _say(pipe, FAULT, {"kind": DecodeError.__name__, "message": message})
    except AudioError as error:
        _say(pipe, FAULT, {"kind": type(error).__name__, "message": str(error)})
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises is this file's failure
        message = f"{order.name}: cannot be decoded ({type(error).__name__}: {error})"
        _say(pipe, FAULT, {"kind": DecodeError.__name__, "message": message})


def _decode(pipe: Connection, file: Any, order: Order) -> None:
    with AudioStream(file, start=order.start, duration=order.duration, name=order.name) as stream:
        _say(pipe, OPENED, {"info": asdict(stream.info), "samples": stream.exact_samples})
        noted: list[dict[str, Any]] = []
        for block in gathered(stream.blocks()):
            now = [asdict(notice) for notice in stream.notices]
            if now != noted:
                _say(pipe, NOTICES, noted := now)
            pipe.send_bytes(SAMPLES + block.tobytes())
            if pipe.poll():
                break
        _say(pipe, ENDED, [asdict(notice) for notice in stream.notices])


def gathered(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
    """The same samples in blocks that are worth a message.

    Examples
    --------
    >>> [block.size for block in gathered(iter([np.zeros(20_000, np.float32)] * 3))]
    [40000, 20000]
    """
    held: list[FloatArray] = []
    for block in blocks:
        held.append(block)
        if sum(one.size for one in held) >= CHUNK_FRAMES:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def _say(pipe: Connection, kind: bytes, what: Any) -> None:
    pipe.send_bytes(kind + json.dumps(what).encode())


def _limit_processor(seconds: float) -> None:
    """Let the system end this process after so much more work."""
    if sys.platform == "win32":
        return
    import resource

    used = sum(os.times()[:2])
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    limit = math.ceil(used + seconds) + 1
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
