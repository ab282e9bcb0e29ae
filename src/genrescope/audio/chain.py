"""One decoded sound for several recipes in lockstep: `Chain` and `Chains`."""

from __future__ import annotations

from collections.abc import Iterable

from genrescope.audio.cut import Cutter, Span
from genrescope.audio.resample import Resampler, resampled_length
from genrescope.audio.slide import Slider
from genrescope.audio.windows import ALL_WINDOWS, WindowChoice
from genrescope.types import FloatArray, SpectrogramSpec


class Chains:
    """Resamples once per distinct rate and cuts once per recipe, block by block.

    Parameters
    ----------
    source_rate : int
        Of the blocks that will be pushed, in Hz.
    specs : iterable of SpectrogramSpec
        A recipe that stands there twice counts once.
    choice : WindowChoice
    total_samples : int, optional
        Length at `source_rate`; needed where ``choice.needs_length``.
    start : float
        Where in the source the first sample lies, in seconds.
    source : str
        For people.
    """

    def __init__(
        self,
        source_rate: int,
        specs: Iterable[SpectrogramSpec],
        choice: WindowChoice = ALL_WINDOWS,
        *,
        total_samples: int | None = None,
        start: float = 0.0,
        source: str = "",
    ) -> None:
        self.specs = tuple(dict.fromkeys(specs))
        self._resamplers = {
            rate: Resampler(source_rate, rate) for rate in {s.sample_rate for s in self.specs}
        }
        self._cutters: list[Cutter | Slider] = [
            Slider(spec, choice.seconds, start=start, source=source)
            if choice.kind == "every"
            else Cutter(
                spec,
                choice,
                total_samples=None
                if total_samples is None
                else resampled_length(total_samples, source_rate, spec.sample_rate),
                start=start,
                source=source,
            )
            for spec in self.specs
        ]

    @property
    def done(self) -> bool:
        """Whether no chosen window is still to come, so that decoding can stop."""
        return all(cutter.done for cutter in self._cutters)

    def push(self, block: FloatArray) -> list[tuple[SpectrogramSpec, Span]]:
        """Float32 (n,) at the source's rate in; every recipe's complete spans out."""
        ready = {rate: resampler.push(block) for rate, resampler in self._resamplers.items()}
        return [
            (cutter.spec, span)
            for cutter in self._cutters
            for span in cutter.push(ready[cutter.spec.sample_rate])
        ]

    def finish(self) -> list[tuple[SpectrogramSpec, Span]]:
        """The spans that only the end of the sound completes."""
        if self.done:
            return []
        rest = {rate: resampler.finish() for rate, resampler in self._resamplers.items()}
        return [
            (cutter.spec, span)
            for cutter in self._cutters
            for span in [*cutter.push(rest[cutter.spec.sample_rate]), *cutter.finish()]
        ]


class Chain:
    """`Chains` for a single recipe, giving plain spans.

    Parameters
    ----------
    source_rate : int
        Of the blocks that will be pushed, in Hz.
    spec : SpectrogramSpec
    choice : WindowChoice
    total_samples, start, source
        As for `Chains`.
    """

    def __init__(
        self,
        source_rate: int,
        spec: SpectrogramSpec,
        choice: WindowChoice = ALL_WINDOWS,
        *,
        total_samples: int | None = None,
        start: float = 0.0,
        source: str = "",
    ) -> None:
        self.spec = spec
        self._chains = Chains(
            source_rate, (spec,), choice, total_samples=total_samples, start=start, source=source
        )

    @property
    def done(self) -> bool:
        """Whether no chosen window is still to come."""
        return self._chains.done

    def push(self, block: FloatArray) -> list[Span]:
        """Float32 (n,) at the source's rate in; complete spans out."""
        return [span for _, span in self._chains.push(block)]

    def finish(self) -> list[Span]:
        """The span that only the end of the sound completes, if any."""
        return [span for _, span in self._chains.finish()]
