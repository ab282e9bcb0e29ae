"""``genrescope serve``, and what it says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from genrescope.apps.api import run as room
from genrescope.apps.api.run import greeting, listen_at
from genrescope.apps.cli.main import main
from genrescope.apps.serving import Settings
from genrescope.types import GenrescopeError, MissingExtraError
from tests.apps.conftest import until

ROOT = Path(__file__).resolve().parents[2]


def test_a_port_in_use_is_said_with_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            main(["serve", "--port", str(port)])
    assert ended.value.code == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"port {port} is in use" in said
    assert "genrescope serve --port" in said


@pytest.mark.parametrize(
    ("host", "says"), [("203.0.113.7", "not an address of this machine"), ("no such", "no address")]
)
def test_addresses_that_are_not_ours(host: str, says: str) -> None:
    with pytest.raises(GenrescopeError, match=says):
        listen_at(host, 0)


def test_greetings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "lan_address", lambda: "192.168.1.7")
    said = greeting(Settings(host="0.0.0.0"), 8000)
    assert "http://127.0.0.1:8000/" in said[0]
    assert said[1] == "from other machines: http://192.168.1.7:8000/"
    assert "--token" in said[2]
    with_token = greeting(Settings(host="::1", token="a+b"), 8000)
    assert with_token[0] == "Genrescope is at http://[::1]:8000/?token=a%2Bb"
    assert not any("--token" in line for line in with_token)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "NEEDED", ("no_such_package",))
    with pytest.raises(MissingExtraError, match=r"uv sync --extra web"):
        room.run(Settings(), [], lambda _: None)


@pytest.mark.parametrize(
    "arguments", [("--token", "two words"), ("--limit-mb", "0"), ("--limit-mb", "inf"),
                  ("--time-limit", "nan"), ("--cors-origin", "*"), ("--port", "70000")]
)  # fmt: skip
def test_wrong_options(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    assert ended.value.code == 2


def test_a_server_of_its_own_from_start_to_interrupt(samples: Path, tmp_path: Path) -> None:
    program = "from genrescope.apps.cli.main import main; main()"
    loops = "ignore:unclosed event loop:ResourceWarning"  # Gradio leaves one at its import
    strict = ["-W", "error", "-W", loops]
    command = [sys.executable, *strict, "-c", program, "serve", "--port", "0"]
    log = tmp_path / "log"
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "COLUMNS": "200"}
    (tmp_path / "tmp").mkdir()
    with log.open("wb") as file:
        server = subprocess.Popen(command, stderr=file, env=environment)
    try:
        until(lambda: "Genrescope is at" in log.read_text(encoding="utf-8"), 200)
        url = log.read_text(encoding="utf-8").split("Genrescope is at ")[1].split()[0]
        with httpx.Client(base_url=url, trust_env=False, timeout=600) as http:
            sound = (samples / "country_short_1s5.mp3").read_bytes()
            name = {"name": "my\nsecret.mp3"}
            assert http.post("api/v1/classify", params=name, content=sound).status_code == 200
    finally:
        server.send_signal(signal.SIGINT)
        code = server.wait(240)
    said = log.read_text(encoding="utf-8")
    assert code == 130
    assert "stopped" in said
    assert "POST /api/v1/classify 200" in said
    assert "secret" not in said
    assert "Traceback" not in said
    assert not [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]


def test_start_sh_is_the_same_command() -> None:
    script = ROOT / "start.sh"
    assert os.access(script, os.X_OK)
    text = script.read_text(encoding="utf-8")
    assert 'genrescope serve "$@"' in text
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_importing_the_command_is_cheap() -> None:
    program = "import sys, genrescope.apps.cli.main; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert not {"fastapi", "uvicorn", "gradio", "httpx"} & set(done.stdout.decode().split())
