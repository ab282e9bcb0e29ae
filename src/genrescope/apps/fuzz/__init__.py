"""Hostile sounds and model files, made from a seed and sent through every door: the fuzzer."""
