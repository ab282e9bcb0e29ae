"""Many files: walking a library, scanning it, asking what was found, writing tags.

`genrescope.collection.scanning` is the place to begin: which files are new, what workers and
networks make of them, what the store keeps.
"""
