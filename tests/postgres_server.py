"""A PostgreSQL server of the tests' own: a temporary folder, a unix socket, no port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

PASSWORD = "s3cret:/?#@word"
QUOTED = "s3cret%3A%2F%3F%23%40word"


@dataclass(frozen=True, slots=True)
class Server:
    """Attributes: the folder of its socket, and what numbers its databases."""

    socket: Path
    numbers: count[int]

    def address(self, database: str, user: str = "ana", password: str = QUOTED) -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={self.socket}"

    def run(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        import psycopg

        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def fresh(self) -> str:
        """The address of a new, empty database."""
        name = f"music{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return self.address(name)


def _programs() -> Path | None:
    """The newest of Debian's, or what is on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[4])
    there = shutil.which("initdb")
    return found[-1].parent if found else Path(there).parent if there else None


def _user() -> str | None:
    """PostgreSQL refuses to run as root: who runs it then."""
    if os.getuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


@contextmanager
def serving() -> Iterator[Server]:
    """A server until the block ends; skips the test where there is none to start."""
    pytest.importorskip("psycopg")
    programs, user = _programs(), _user()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    if os.getuid() == 0 and user is None:
        pytest.skip("PostgreSQL does not run as root, and there is no other user")
    top = Path(tempfile.mkdtemp(prefix="gs-pg-", dir="/tmp"))  # where another user may go
    secret = top / "password"
    secret.write_text(PASSWORD)
    if user is not None:
        for path in (top, secret):
            shutil.chown(path, user)

    def run(program: str, *arguments: str) -> None:
        line = [str(programs / program), "-D", str(top / "data"), *arguments]
        done = subprocess.run(line, user=user, cwd=top, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        run(
            *("initdb", "-U", "ana", "-A", "scram-sha-256", "--no-sync", "--no-locale", "-E"),
            *("UTF8", f"--pwfile={secret}"),
        )
        options = f"-c listen_addresses= -k {top} -c fsync=off -c shared_buffers=16MB"
        run("pg_ctl", "-w", "-l", str(top / "log"), "-o", options, "start")
        try:
            yield Server(top, count())
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(top, ignore_errors=True)
