"""Asking a server from Python: `genrescope.Client`."""
