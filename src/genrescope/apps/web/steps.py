"""Every step from the file to the probability, with its parameters, for people to open."""

from __future__ import annotations

from html import escape

from genrescope.apps.results import UNSEEN_TOLD
from genrescope.apps.web.asking import Looked
from genrescope.apps.web.markup import paragraphs
from genrescope.apps.web.pictures import Seen
from genrescope.apps.web.texts import Texts
from genrescope.audio import SoundInfo
from genrescope.models.engines import Engine
from genrescope.types import ModelCard, Prediction, SpectrogramSpec

MOST_STARTS = 12


def explain_steps(
    looked: Looked, prediction: Prediction, card: ModelCard, engine: Engine, texts: Texts
) -> str:
    """All steps of one model over one recording, as HTML that folds open.

    Parameters
    ----------
    looked : Looked
    prediction : Prediction
        One of `looked`'s.
    card : ModelCard
        Of the model that made it.
    engine : Engine
        What ran it.
    texts : Texts
    """
    seen = looked.seen[card.name]
    hop = looked.views[card.spectrogram.kind].spectrogram.spec.hop_length
    parts = (
        ("sound", _sound(looked.info, prediction, card.spectrogram, texts)),
        ("window", _windows(prediction, card.spectrogram, texts)),
        ("spectrogram", _spectrogram(card.spectrogram, hop, texts)),
        ("picture", _picture(card, texts)),
        ("tensor", _tensor(seen, card, texts)),
        ("logits", _logits(looked, card, engine, texts)),
    )
    window = card.spectrogram.window_seconds
    folded = "".join(
        f"<details><summary>{escape(texts(f'step.{key}'))}</summary>"
        f"{paragraphs(texts(f'step.{key}_text', seconds=window))}{body}</details>"
        for key, body in parts
    )
    return f'<div class="gs-steps">{folded}</div>'


def _sound(info: SoundInfo, made: Prediction, spec: SpectrogramSpec, texts: Texts) -> str:
    bits = texts("step.bits", kilobits=info.bit_rate / 1000) if info.bit_rate else ""
    before = texts(
        "step.sound_before",
        container=info.container.split(",")[0],
        codec=info.codec,
        rate=info.sample_rate,
        channels=info.channels,
        bits=bits,
        decoder=info.decoder,
    )
    after = texts("step.sound_after", rate=spec.sample_rate, seconds=made.seconds)
    return paragraphs(before, after)


def _windows(made: Prediction, spec: SpectrogramSpec, texts: Texts) -> str:
    starts = [f"{start:.1f}" for start in made.window_starts[:MOST_STARTS]]
    more = ["…"] if len(made.window_starts) > MOST_STARTS else []
    taken = texts(
        "step.window_taken",
        count=len(made.window_starts),
        seconds=spec.window_seconds,
        starts=", ".join([*starts, *more]),
    )
    short = made.seconds < spec.window_seconds
    left = made.unseen_seconds
    rest = texts("step.window_left", seconds=left) if left > UNSEEN_TOLD else ""
    return paragraphs(taken, texts("step.window_repeated" if short else "step.window_whole"), rest)


def _spectrogram(spec: SpectrogramSpec, view_hop: int, texts: Texts) -> str:
    key = "cqt" if spec.kind == "cqt" else "mel" if spec.compression == "db" else "log"
    text = texts(
        f"step.spectrogram_{key}",
        bands=spec.bands,
        low=spec.low_hz,
        high=spec.high_hz,
        n_fft=spec.n_fft,
        per_octave=spec.bins_per_octave,
        hop=spec.hop_length,
        hop_ms=1000 * spec.hop_length / spec.sample_rate,
        reference=spec.reference_seconds,
        floor=spec.dynamic_range_db,
        gain=spec.log_gain,
    )
    return paragraphs(text, texts("step.spectrogram_seen", hop=view_hop))


def _picture(card: ModelCard, texts: Texts) -> str:
    spec, picture = card.spectrogram, card.picture
    size = {"height": picture.height, "width": picture.width}
    return paragraphs(texts("step.picture_shape", bands=spec.bands, frames=spec.frames, **size))


def _tensor(seen: Seen, card: ModelCard, texts: Texts) -> str:
    shape = " × ".join(str(size) for size in seen.tensor_shape)
    return paragraphs(
        texts(
            "step.tensor_shape",
            shape=f"({shape})",
            mean=_numbers(card.picture.mean),
            std=_numbers(card.picture.std),
            least=seen.least,
            greatest=seen.greatest,
            average=seen.average,
        )
    )


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _logits(looked: Looked, card: ModelCard, engine: Engine, texts: Texts) -> str:
    answer = looked.answer
    how = texts(
        "step.logits_how",
        model=card.name,
        network=card.network,
        engine=engine.name,
        device=engine.device,
        precision=engine.precision,
        temperature=card.temperature,
        milliseconds=1000 * answer.network_seconds[card.name],
    )
    return paragraphs(how, texts("step.total", milliseconds=1000 * answer.worked_seconds))
