"""Which files of a folder are taken for sounds, by their names."""

from __future__ import annotations

SOUND_SUFFIXES = frozenset(
    [
        ".wav",
        ".flac",
        ".mp3",
        ".ogg",
        ".oga",
        ".opus",
        ".aiff",
        ".aif",
        ".aifc",
        ".au",
        ".caf",
        ".m4a",
        ".m4b",
        ".mp4",
        ".mov",
        ".mkv",
        ".aac",
        ".wma",
        ".webm",
        ".ape",
        ".wv",
        ".mka",
        ".mp2",
        ".ac3",
        ".amr",
        ".3gp",
        ".avi",
        ".w64",
        ".rf64",
        ".tta",
        ".dsf",
    ]
)
"""Names that are looked for in a folder."""
