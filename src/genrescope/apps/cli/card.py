"""A model's card, as a page in the terminal."""

from __future__ import annotations

from rich.text import Text

from genrescope.apps.cli import show
from genrescope.types import ModelCard, PictureSpec, SpectrogramSpec


def print_card(card: ModelCard) -> None:
    """Print what a card says: recipe, labels, what it learned from, scores, what not to believe."""
    spec, picture = card.spectrogram, card.picture
    out = show.out()
    out.print(Text(card.name, style="bold"), Text(f"  {card.network}", style="dim"))
    if card.description:
        out.print(f"  {card.description}\n", highlight=False)
    window = f"{spec.window_seconds:g} s = {spec.frames} columns of {spec.hop_length} samples"
    fft = f", n_fft {spec.n_fft}" if spec.kind == "mel" else f", {spec.bins_per_octave} an octave"
    print_pairs(
        [
            (
                "spectrogram",
                f"{spec.kind}, {spec.bands} bands, {spec.low_hz:.1f}–{spec.high_hz:.0f} Hz{fft}",
            ),
            ("values", _values(spec)),
            ("window", f"{window} at {spec.sample_rate} Hz"),
            ("picture", _describe_picture(picture)),
            ("labels", ", ".join(card.labels)),
            ("temperature", f"{card.temperature:.3f}"),
            ("music gauge", _gauge(card)),
            ("weights", card.weights),
            ("licence", card.licence),
            ("origin", card.origin),
            ("paper", card.paper),
            ("pre-trained", card.pretrained),
            ("held out", card.held_out),
        ]
    )
    if card.training:
        out.print("\n  learned from", style="bold")
    for source in card.training:
        out.print(
            f"    {source.name}: {source.excerpts} excerpts, {source.split}. Terms: {source.terms}",
            highlight=False,
        )
    _print_scores(card)
    _print_trust(card)
    for warning in card.warnings:
        out.print(Text(f"  ! {warning}", style="yellow"), highlight=False)
    out.print()


def _print_trust(card: ModelCard) -> None:
    from genrescope.apps.zoo_advice import say_band

    told = [band for band in card.bands if band.songs]
    if told:
        show.out().print("\n  how far to trust its first choice", style="bold")
    for band in told:
        line = f"    said {say_band(band)}: right for {band.right} of {band.songs} test songs"
        aside = f", {band.translated} of them translated pictures" if band.translated else ""
        show.out().print(line + aside, highlight=False)


def _describe_picture(picture: PictureSpec) -> str:
    parts = [f"{picture.channels} × {picture.height} × {picture.width}"]
    if picture.colours:
        parts.append(f"in {picture.colours} colours")
    if picture.stretch == "window":
        parts.append("each window from its least to its greatest value")
    if picture.lowest_row == "last":
        parts.append("lowest band at the bottom")
    return ", ".join(parts)


def _values(spec: SpectrogramSpec) -> str:
    if spec.compression == "db":
        return (
            f"dB below the loudest of {spec.reference_seconds:g} s, to −{spec.dynamic_range_db:g}"
        )
    return f"log10(1 + {spec.log_gain:g} × power)"


def _gauge(card: ModelCard) -> str:
    """What tells music from other sounds, in a sentence."""
    if card.music is None:
        return "none: it names a genre for rain, too"
    words = {
        "energy": "the logits' energy",
        "largest": "the largest logit",
        "logits": "all logits",
        "texture": "the spectrogram's texture",
    }[card.music.feature]
    kept = f"{card.music.kept:.0%}".replace("%", " %")
    return f"by {words}, {kept} of music kept; fitted on {card.music.fitted_on}"


def print_pairs(pairs: list[tuple[str, str]]) -> None:
    """Print names and values below each other; what has no value is left out."""
    for key, value in pairs:
        if value:
            show.out().print(Text(f"  {key:<12}", style="dim") + Text(value), highlight=False)


def _print_scores(card: ModelCard) -> None:
    if not card.scores:
        return
    show.out().print("\n  measured (95 % interval)", style="bold")
    sets = dict.fromkeys((s.dataset, s.split, s.note) for s in card.scores)
    for dataset, split, note in sets:
        rows = [s for s in card.scores if (s.dataset, s.split, s.note) == (dataset, split, note)]
        figures = ", ".join(f"{s.metric} {s.value:.3f} ({s.low:.3f}–{s.high:.3f})" for s in rows)
        aside = f" [{note}]" if note else ""
        what = "songs and sounds" if rows[0].metric == "auroc" else "songs"
        line = f"    {dataset} {split}, {rows[0].n} {what}{aside}: {figures}"
        show.out().print(Text(line), highlight=False)
