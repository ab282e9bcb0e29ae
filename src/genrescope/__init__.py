"""See what genre a piece of music is."""

__version__ = "0.1.0"
