"""Sounds between their arrival and the question about them."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from genrescope.apps.serving import Uploads
from genrescope.apps.web.cloakroom import Cloakroom
from genrescope.types import GenrescopeError
from tests.apps.conftest import until


def put(room: Cloakroom, uploads: Uploads, data: bytes = b"sound") -> str:
    with ExitStack() as stack:
        upload = stack.enter_context(uploads.open("a.mp3"))
        upload.write(data)
        return room.put(upload, stack.pop_all())


def test_each_is_handed_out_once() -> None:
    room, uploads = Cloakroom(), Uploads(100, 4)
    key = put(room, uploads)
    with room.take(key) as upload:
        assert upload.file.read() == b"sound"
    for wrong in (key, "", "../x"):
        with pytest.raises(GenrescopeError, match="choose it again"):
            room.take(wrong)
    assert uploads.count == 0
    room.close()


def test_what_nobody_asks_about_is_closed_soon() -> None:
    room, uploads = Cloakroom(keep_seconds=0.05), Uploads(100, 4)
    keys = [put(room, uploads), put(room, uploads)]
    assert len(set(keys)) == 2
    until(lambda: uploads.count == 0, 60)
    assert room.count == 0


def test_what_is_sent_together_waits_together() -> None:
    room, uploads = Cloakroom(keep_seconds=0.5), Uploads(100, 4)
    first, stranger = put(room, uploads), put(room, uploads)
    with room.beside(first) as batch, ExitStack() as stack:
        until(lambda: not room.has(stranger), 60)
        assert room.has(first)
        second = room.put(uploads.open("b.mp3"), stack.pop_all(), batch)
    assert room.has(second)
    with room.take(first) as upload:
        assert upload.file.read() == b"sound"
    room.take(second).close()
    until(lambda: uploads.count == 0, 60)
    room.close()


def test_what_is_sent_together_is_closed_soon_after_the_last() -> None:
    room, uploads = Cloakroom(keep_seconds=0.05), Uploads(100, 4)
    with room.beside(put(room, uploads)):
        pass
    with room.beside("nobody's"):
        pass
    until(lambda: uploads.count == 0, 60)


def test_nobody_keeps_sounds_for_ever() -> None:
    room, uploads = Cloakroom(keep_seconds=0.05, batch_seconds=0.2), Uploads(100, 4)
    with room.beside(put(room, uploads)):
        until(lambda: uploads.count == 0, 60)


def test_closing_closes_all() -> None:
    room, uploads = Cloakroom(), Uploads(100, 4)
    put(room, uploads)
    room.close()
    room.close()
    assert (room.count, uploads.count) == (0, 0)


def test_what_is_lent_stays_until_nobody_asks_again() -> None:
    room, uploads = Cloakroom(keep_seconds=0.1), Uploads(100, 4)
    key = put(room, uploads)
    for _ in range(2):
        with room.lend(key) as upload:
            assert upload.file.read() == b"sound"
    with room.lend(key) as upload:
        room.drop(key)
        assert not room.has(key)
        assert upload.file.read() == b"sound"
    assert uploads.count == 0
    with pytest.raises(GenrescopeError, match="choose it again"), room.lend(key):
        pass
    other = put(room, uploads)
    with room.lend(other):
        pass
    until(lambda: uploads.count == 0, 60)
    room.drop(other)
    room.close()
