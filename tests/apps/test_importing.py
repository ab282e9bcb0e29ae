"""`genrescope import` and `genrescope export`, as a person meets them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from genrescope.apps.cli import show
from genrescope.apps.cli.main import app
from genrescope.models import card_from_json, read_model
from genrescope.models.engines._ir import read_ir_text

CCMUSIC = ("--recipe", "ccmusic_mel", "--labels", "ccmusic_music_genre")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model folders but the package's own, and a wide terminal without colours."""
    monkeypatch.setenv("GENRESCOPE_MODELS", "")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")


def run(*arguments: str) -> tuple[int, str, str]:
    show.out.cache_clear()
    show.err.cache_clear()
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    known = result.exception is None or isinstance(result.exception, SystemExit)
    message = "" if known else str(result.exception)
    return result.exit_code, result.stdout, result.stderr + message


@pytest.mark.usefixtures("in_float32")
def test_ccmusics_form_from_its_file_to_a_genre(samples: Path, tmp_path: Path) -> None:
    """The probabilities of `classify` are those of the eager network on the same pictures."""
    torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")
    from genrescope.learn.importing import recipe
    from tests.learn.others import mobilenet, save

    network = mobilenet(16, ccmusic=True)
    weights = save(network.state_dict(), tmp_path)
    code, out, err = run(
        "import", str(weights), "--network", "mobilenet_v3_large", *CCMUSIC,
        "-o", str(tmp_path), "--name", "theirs", "--licence", "MIT, says its page",
    )  # fmt: skip
    assert code == 0, err
    rows = {line[:13].strip(): line.split()[-4:] for line in out.splitlines()}
    weights_in_all = [*network.parameters(), *(b for b in network.buffers() if b.ndim)]
    count = sum(tensor.numel() for tensor in weights_in_all)
    assert rows["matched"] == [str(len(weights_in_all)), "8", f"{count:,}", "100.00%"]
    assert rows["missing"] == rows["wrong shape"] == ["0", "0", "0", "0.00%"]
    assert "16 logits; 16 labels, given" in out
    assert "no exact activation map" in err
    model = read_model(tmp_path / "theirs.onnx")
    assert model.card.licence == "MIT, says its page"
    sound = str(samples / "metal_armygeddon.mp3")
    code, out, err = run("classify", "--csv", "--timeline", "-m", str(model.path), sound)
    assert code == 0, err
    lines = [row for row in csv.DictReader(io.StringIO(out)) if row["start"]]
    said = np.array([[float(row[label]) for label in model.card.labels] for row in lines])
    seen = pictures_of(recipe.load("ccmusic_mel"), sound)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(seen)).softmax(1).numpy()
    assert said.shape == wanted.shape
    assert wanted.std(axis=1).min() > 0.01
    np.testing.assert_allclose(said, wanted, atol=1e-3)
    code, _, err = run(
        "spectrogram", sound, "--picture", "-m", str(model.path), "-o", str(tmp_path / "seen.png")
    )
    assert code == 0, err
    with Image.open(tmp_path / "seen.png") as shown:
        dots = np.asarray(shown, dtype=np.float32) / 255
    np.testing.assert_allclose(dots, np.moveaxis(seen[0], 0, -1) * 0.5 + 0.5, atol=3e-3)


def pictures_of(recipe: object, sound: str) -> np.ndarray:
    from genrescope.audio import listen, parse_windows
    from genrescope.classification.drawing import draw_spans
    from genrescope.learn.importing.recipe import ImportRecipe
    from genrescope.spectrogram.picture import draw_picture

    assert isinstance(recipe, ImportRecipe)
    with listen(sound, window_seconds=recipe.spectrogram.window_seconds) as recording:
        drawn = draw_spans(recording, [recipe.spectrogram], parse_windows("all"))
        windows = np.concatenate([span.windows() for span in drawn])
    return draw_picture(windows, recipe.picture)


def test_the_table_stands_before_the_refusal(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    from tests.learn.others import save, shufflenet

    weights = shufflenet(16).state_dict()
    weights["fc.weights"] = weights.pop("fc.weight")
    path = str(save({"model": weights, "ema": weights}, tmp_path))
    given = ("import", path, "--network", "shufflenet_v2_x0_5", *CCMUSIC, "-o", str(tmp_path))
    code, out, err = run(*given)
    assert code == 1
    assert "the head" in err
    assert not list(tmp_path.glob("*.onnx"))
    weights = shufflenet(16).state_dict()
    del weights["conv5.0.weight"]
    path = str(save({"model": weights, "ema": weights}, tmp_path))
    code, out, err = run(*given)
    assert code == 1
    assert "missing     conv5.0.weight 1024×192×1×1" in out
    assert "of the network's weights did not match" in err
    assert "it also holds ema" in err
    assert not list(tmp_path.glob("*.onnx"))
    code, out, err = run(*given, "--allow-missing", "conv5.0.*")
    assert code == 0, err
    (model,) = tmp_path.glob("*.onnx")
    assert any("chance" in warning for warning in read_model(model).card.warnings)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--network", "vgg19_bn", "--recipe", "none"), 1, "no recipe 'none'"),
        (("--network", "vgg19_bn", "--recipe", "ccmusic_mel", "--labels", "x"), 1, "no comma list"),
        (("--network", "vgg19_bn", *CCMUSIC, "--activation", "sine"), 2, "--activation is one of"),
        (("--network", "vgg19_bn", *CCMUSIC, "--name", "../x"), 2, "cannot name a file"),
        (("--network", "vgg19_bn", *CCMUSIC), 1, "a web page, not weights"),
    ],
)
def test_wrong_use_is_said(options: tuple[str, ...], code: int, says: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    path = tmp_path / "save.pt"
    path.write_bytes(b"<!DOCTYPE html><title>save.pt</title>")
    got, _, err = run("import", str(path), *options)
    assert (got, says in " ".join(err.replace("│", " ").split())) == (code, True), err


def test_export_in_every_form(samples: Path, tmp_path: Path) -> None:
    sound = ("--sound", str(samples / "disco_con_tutti.mp3"))
    for name, options in (
        ("plain.onnx", ()),
        ("half.onnx", ("--format", "onnx-fp16")),
        ("small.xml", ()),
    ):
        path = tmp_path / name
        code, out, err = run("export", "mobilenetv3_mel", "-o", str(path), *options, *sound)
        assert code == 0, err
        assert "logits on disco_con_tutti.mp3: at most" in out
    assert read_model(tmp_path / "half.onnx").card.weights.startswith("float16")
    assert card_from_json(read_ir_text(tmp_path / "small.xml", "card")).name == "mobilenetv3_mel"
    assert run("export", "mobilenetv3_mel", "-o", str(tmp_path / "x.pt"))[0] == 2
    assert "no model 'none'" in run("export", "none", "-o", str(tmp_path / "x.xml"))[2]


def test_help_has_examples() -> None:
    for name in ("import", "export"):
        code, out, _ = run(name, "--help")
        assert code == 0
        assert "xample" in out
