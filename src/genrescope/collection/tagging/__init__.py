"""Genres into files' own tags: a plan, which a person can read and change; writing; undoing."""
