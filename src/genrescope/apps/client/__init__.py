"""Asking a server from Python: `Client`, which `genrescope.Client` is."""

from genrescope.apps.client.client import Client

__all__ = ["Client"]
