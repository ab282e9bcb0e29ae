"""What every page is built with, and the components that Gradio has not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from genrescope.apps.serving import Studio, Upload
from genrescope.apps.serving.library import Library
from genrescope.apps.web.cloakroom import Cloakroom
from genrescope.apps.web.lean import gr
from genrescope.apps.web.routes import sample_names
from genrescope.apps.web.texts import Texts
from genrescope.models import default_models
from genrescope.types import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A language's pages over one studio and one library.

    Attributes
    ----------
    studio : Studio
    cloakroom : Cloakroom
        Where sounds lie between their arrival and the question about them.
    library : Library
        The collection.
    texts : Texts
    """

    studio: Studio
    cloakroom: Cloakroom
    library: Library
    texts: Texts

    def words(self, group: str) -> dict[str, str]:
        """The sentences of one group, for a script."""
        before = f"{group}."
        sentences = self.texts.sentences.items()
        return {key.removeprefix(before): text for key, text in sentences if key.startswith(before)}

    def model_choices(self, kind: str = "", *, pretrained: bool = True) -> list[str]:
        """Names of usable models, the default ones first; of one kind where it is given.

        Of several the one that answers on the command line comes first. Models that others
        pre-trained come last, and only where `pretrained` asks for them.
        """
        usual = _usual()
        found = [
            (bool(one.card.pretrained), not one.default, one.name not in usual, one.name)
            for one in self.studio.models()
            if one.card is not None
            and (not kind or one.card.spectrogram.kind == kind)
            and (pretrained or not one.card.pretrained)
        ]
        return [name for *_, name in sorted(found)]

    def drop(self, elem_id: str, *, many: bool = False) -> gr.HTML:
        """A drop zone: its value is JSON, a list of what has arrived; it submits by itself."""
        return gr.HTML(
            value="",
            html_template='<div class="gs-here"></div>',
            js_on_load="Genrescope.drop(element.querySelector('.gs-here'), props, trigger);",
            elem_id=elem_id,
            texts=self.words("drop"),
            limit=self.studio.settings.limit_bytes,
            many=many,
            samples=list(sample_names()),
        )

    def viewer(self, elem_id: str) -> gr.HTML:
        """Spectrograms with axes, hover and player; its value is a list of payloads."""
        return self._scripted(elem_id, "showViews", self.words("viewer"))

    def seen(self, elem_id: str) -> gr.HTML:
        """The pictures that networks saw; its value is a list of payloads."""
        return self._scripted(elem_id, "showSeen", self.words("analyse"))

    def course(self, elem_id: str) -> gr.HTML:
        """A sound's course with its player; its value is one payload."""
        return self._scripted(elem_id, "showCourse", self.words("course"))

    def reasons(self, elem_id: str) -> gr.HTML:
        """Heat maps side by side; its value is a list of payloads."""
        return self._scripted(elem_id, "showReasons", self.words("reasons"))

    def listening(self, elem_id: str) -> gr.HTML:
        """The sound as it is and changed; its value says how it is to be changed."""
        return self._scripted(elem_id, "showListening", self.words("reasons"))

    def saves(self, elem_id: str, viewer: str = "") -> gr.HTML:
        """Buttons that save what its value, a dict of texts, holds; made in the browser."""
        return gr.HTML(
            value=None,
            html_template='<div class="gs-here"></div>',
            js_on_load="const show = () => setTimeout(() => Genrescope.saves("
            "element.querySelector('.gs-here'), props.value, props.texts, props.viewer), 50);"
            "watch('value', show); show();",
            elem_id=elem_id,
            texts=self.words("save"),
            viewer=viewer,
        )

    def _scripted(self, elem_id: str, function: str, words: dict[str, str]) -> gr.HTML:
        return gr.HTML(
            value=None,
            html_template='<div class="gs-here"></div>',
            js_on_load=f"const show = () => Genrescope.{function}("
            "element.querySelector('.gs-here'), props.value, props.texts);"
            "watch('value', show); show();",
            elem_id=elem_id,
            texts=words,
        )


@dataclass(frozen=True, slots=True)
class Arrived:
    """One sound that a browser has sent, or could not."""

    key: str
    label: str
    error: str = ""


def arrived(value: Any) -> list[Arrived]:
    """What a drop zone's value says has arrived; nothing where it is not in order."""
    try:
        entries = json.loads(value) if isinstance(value, str) and value else []
        return [
            Arrived(str(e.get("key", "")), str(e.get("label", "")), str(e.get("error", "")))
            for e in entries
        ]
    except (ValueError, AttributeError, TypeError):
        return []


def take(place: Place, entries: list[Arrived]) -> Upload:
    """The upload of the first of them.

    Raises
    ------
    GenrescopeError
        If it is no longer there.
    """
    return place.cloakroom.take(entries[0].key if entries else "")


def heard(payload: dict[str, Any], entries: list[Arrived]) -> dict[str, Any]:
    """A component's value with the key of the sound that it is about, which the page plays."""
    return {**payload, "sound": entries[0].key if entries else ""}


def _usual() -> tuple[str, ...]:
    """What answers where nothing is asked for; nothing where no model can."""
    try:
        return default_models()
    except ModelError:
        return ()
