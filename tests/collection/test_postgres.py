"""A collection in PostgreSQL: what a server can refuse, what is said then, and what never is."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from genrescope.apps.cli.main import main
from genrescope.collection import stores
from genrescope.collection.stores._schema import LATEST
from genrescope.collection.values import FileState
from genrescope.types import CollectionError, Failure, MissingExtraError
from tests import onnx_models
from tests.collection.conftest import write_sound
from tests.postgres_server import PASSWORD, QUOTED, Server

FILE = FileState(b"/l/a.mp3", 1, 1)


def refused(place: str, *, create: bool = True) -> str:
    with pytest.raises(CollectionError) as caught:
        stores.open_store(place, create=create)
    return str(caught.value)


def test_what_a_server_refuses(postgres: Server) -> None:
    wrong = refused(postgres.address("postgres", password="wr0ng"))
    assert "PGPASSWORD" in wrong
    assert "wr0ng" not in wrong
    assert "PGPASSWORD" in refused(postgres.address("postgres", password=""))
    assert "createdb" in refused(postgres.address("absent"))
    nobody = refused("postgresql:///music?host=/nowhere")
    assert "is the server running" in nobody
    assert "genrescope scan" in refused(postgres.fresh(), create=False)


def test_a_store_of_a_later_version_is_refused(postgres: Server) -> None:
    place = postgres.fresh()
    stores.open_store(place).close()
    database = place.partition("@/")[2].partition("?")[0]
    table = "genrescope.alembic_version"
    assert postgres.run(f"SELECT version_num FROM {table}", database) == [(LATEST,)]
    postgres.run(f"UPDATE {table} SET version_num = '9999'", database)
    assert "version 9999" in refused(place)


def test_a_user_without_rights_hears_which(postgres: Server) -> None:
    place = postgres.fresh()
    postgres.run(f"CREATE USER guest PASSWORD '{PASSWORD}'")
    try:
        assert "GRANT CREATE" in refused(place.replace("//ana:", "//guest:"))
        assert "genrescope scan" in refused(place, create=False)
    finally:
        postgres.run("DROP USER guest")


def test_other_tables_of_the_database_are_left_alone(postgres: Server) -> None:
    place = postgres.fresh()
    database = place.partition("@/")[2].partition("?")[0]
    postgres.run("CREATE TABLE file (mine text)", database)
    with stores.open_store(place) as store:
        store.keep_failure(FILE, Failure("/l/a.mp3", "decode", "no sound"))
    assert postgres.run("SELECT * FROM public.file", database) == []


def test_two_may_make_it_at_once(postgres: Server) -> None:
    place = postgres.fresh()
    caught: list[BaseException] = []

    def begin() -> None:
        try:
            stores.open_store(place).close()
        except BaseException as error:  # noqa: BLE001 - looked at below
            caught.append(error)

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not caught


def test_a_connection_that_is_lost_is_an_error_with_a_sentence(postgres: Server) -> None:
    place = postgres.fresh()
    with stores.open_store(place) as store:
        postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'genrescope'"
        )
        with pytest.raises(CollectionError, match="cannot be written"):
            store.keep_failure(FILE, Failure("/l/a.mp3", "decode", "no sound"))
        with pytest.raises(CollectionError, match="cannot be read"):
            store.failures()


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://ana:s3cret@word@host/music",
        "postgresql://ana:s3cret/word@host/music",
        "postgresql://ana:12/s3cret@host/music",
        "postgresql://ana:s3cret?word@host/music",
        "postgresql://ana:s3cret#word@host/music",
        "postgresql://ana:s3cret%zzword@host/music",
        "postgresql://ana:12345@host/music?s3cret=1",
    ],
)
def test_no_part_of_a_password_is_said(place: str) -> None:
    pytest.importorskip("psycopg")
    said = refused(place)
    assert not any(part in said for part in ("s3cret", "word@", "12345"))
    assert "%40" in said


def test_the_name_of_a_place_has_no_password() -> None:
    pytest.importorskip("psycopg")
    named = stores.public_name("postgresql://ana:secret@host:5433/music?password=other")
    assert named == "postgresql://ana@host:5433/music"
    with pytest.raises(CollectionError, match="postgres"):
        stores.public_name("mysql://ana:secret@host/music")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"uv sync --extra postgres"):
        stores.open_store("postgresql://ana:secret@host/music")


Say = Callable[..., str]


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Say:
    """Runs a command; all that it said."""

    def run(*words: str | Path) -> str:
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        said = "".join(capfd.readouterr())
        assert end.value.code == 0, said
        assert "s3cret" not in said
        assert QUOTED not in said
        return said

    return run


def test_the_commands_take_an_address(
    postgres: Server, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, folder = postgres.fresh(), tmp_path / "music"
    for number in range(3):
        write_sound(folder / f"{number}.flac", 200.0 * (number + 1))
    model = onnx_models.write(tmp_path).path
    said = say("scan", folder, "--store", place, "--model", model, "--workers", "1")
    assert "3 analysed" in said
    assert f"?host={postgres.socket}'" in said
    monkeypatch.setenv(stores.PLACE_VARIABLE, place)
    assert "3 unchanged" in say("scan", folder, "--model", model)
    assert "3 found" in say("find")
    assert "1.flac" in say("similar", folder / "0.flac")
    assert "3 files" in say("stats")
    plan = tmp_path / "plan.csv"
    say("tag", "plan", "-o", plan, "--threshold", "0")
    assert "3 written" in say("tag", "apply", plan)
    assert "3 unchanged" in say("scan", folder, "--model", model)
    assert "3 undone" in say("tag", "undo")
