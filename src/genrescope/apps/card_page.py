"""Model cards as Markdown: `write_card`, for the documentation."""

from __future__ import annotations

from genrescope.types import ModelCard

SCORES = ("data", "split", "measure", "value", "95 % interval", "songs", "note")


def write_card(card: ModelCard) -> list[str]:
    """A card as a section of a page: lines of Markdown.

    Parameters
    ----------
    card : ModelCard

    Returns
    -------
    list of str
        From the heading, of the second level, to an empty line.
    """
    return [
        f"## {card.name}",
        "",
        *_paragraph(card.description),
        *(f"- {name}: {told}" for name, told in _facts(card) if told),
        "",
        *_training(card),
        *_scores(card),
        *(line for warning in card.warnings for line in (f"> {warning}", "")),
    ]


def _paragraph(text: str) -> list[str]:
    return [text, ""] if text else []


def _facts(card: ModelCard) -> list[tuple[str, str]]:
    spec, picture = card.spectrogram, card.picture
    return [
        ("network", card.network),
        (
            "spectrogram",
            f"{spec.kind}, {spec.bands} bands, {spec.low_hz:.1f}–{spec.high_hz:.0f} Hz,"
            f" {spec.window_seconds:g} s at {spec.sample_rate} Hz",
        ),
        ("picture", f"{picture.channels} × {picture.height} × {picture.width}"),
        ("labels", ", ".join(card.labels)),
        ("temperature", f"{card.temperature:.3f}"),
        ("weights", card.weights),
        ("licence", card.licence),
        ("paper", f"<{card.paper}>" if card.paper.startswith("http") else card.paper),
        ("origin", card.origin),
        ("pre-trained", card.pretrained),
        ("held out", card.held_out),
    ]


def _training(card: ModelCard) -> list[str]:
    rows = [
        f"- {one.name}: {one.excerpts} excerpts, {one.split}. Terms: {one.terms}"
        for one in card.training
    ]
    return ["Learned from:", "", *rows, ""] if rows else []


def _scores(card: ModelCard) -> list[str]:
    if not card.scores:
        return ["Nothing was measured of it.", ""]
    rows = [
        f"| {one.dataset} | {one.split} | {one.metric} | {one.value:.3f} |"
        f" {one.low:.3f}–{one.high:.3f} | {one.n} | {one.note} |"
        for one in card.scores
    ]
    return ["| " + " | ".join(SCORES) + " |", "|" + "---|" * len(SCORES), *rows, ""]
