"""Opening other people's files: what is read, what is refused, and that nothing is run."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from genrescope.learn.importing.checkpoints import read_checkpoint
from genrescope.learn.importing.labels import find_labels, names, parse_labels
from genrescope.learn.importing.pickles import wanted_globals
from genrescope.types import MissingExtraError, ModelError
from tests.learn.others import LABELS, save, shufflenet

WEIGHTS = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.ones(2)}


class Touch:
    """A pickle of it touches a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("content", "part", "others"),
    [
        (WEIGHTS, "", ()),
        ({"state_dict": WEIGHTS, "epoch": 3}, "state_dict", ()),
        ({"model": WEIGHTS, "optimizer": {"state": {}}}, "model", ()),
        ({"ema": WEIGHTS, "net": WEIGHTS}, "net", ("ema",)),
        ({"mine": WEIGHTS}, "mine", ()),
        ({0: WEIGHTS, 1: WEIGHTS}, "0", ("1",)),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_weights_are_found_wherever_they_lie(
    content: object, part: str, others: tuple[str, ...], zipped: bool, tmp_path: Path
) -> None:
    path = tmp_path / "save.pt"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(path)
    assert (read.part, read.others) == (part, others)
    assert read.tensors.keys() == WEIGHTS.keys()
    assert torch.equal(read.tensors["layer.weight"], WEIGHTS["layer.weight"])


def test_a_part_by_name(tmp_path: Path) -> None:
    other = {"layer.weight": torch.zeros(2, 3)}
    path = save({"model": WEIGHTS, "model_ema": other}, tmp_path)
    assert not read_checkpoint(path, part="model_ema").tensors["layer.weight"].any()
    with pytest.raises(ModelError, match="no weights 'best'; model, model_ema"):
        read_checkpoint(path, part="best")


def test_safetensors(tmp_path: Path) -> None:
    torch_file = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    path = tmp_path / "model.safetensors"
    half = {name: tensor.half() for name, tensor in WEIGHTS.items()}
    torch_file.save_file(half, path, metadata={"labels": json.dumps(LABELS)})
    read = read_checkpoint(path)
    assert read.labels == LABELS
    assert read.tensors["layer.weight"].dtype == torch.float32
    assert torch.equal(read.tensors["layer.weight"], WEIGHTS["layer.weight"])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        read_checkpoint(path)


def test_safetensors_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"\x02" + bytes(7) + b"{}")
    with pytest.raises(MissingExtraError, match=r"uv sync --extra train"):
        read_checkpoint(path)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("hidden", [True, False])
def test_a_pickle_that_wants_more_is_not_run(zipped: bool, hidden: bool, tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    content = {"state_dict": WEIGHTS, "extra": Touch(marker)} if hidden else Touch(marker)
    path = tmp_path / "save.pt"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"would call (getattr|.*Path.*touch|.*pathlib)") as told:
        read_checkpoint(path)
    assert "--trust" in str(told.value)
    assert not marker.exists()
    if hidden:
        read_checkpoint(path, trust=True)  # the person's word: only now it runs
    else:
        with pytest.raises(ModelError, match="not weights by name"):
            read_checkpoint(path, trust=True)
    assert marker.exists()


def test_a_bare_pickle_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    path = tmp_path / "save.pt"
    path.write_bytes(pickle.dumps(Touch(marker)))
    with pytest.raises(ModelError, match=r"save\.pt"):
        read_checkpoint(path)
    assert not marker.exists()
    assert any("Path" in name or "getattr" in name for name in wanted_globals(path))


def test_a_pickle_that_promises_more_bytes_than_there_are(tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    path.write_bytes(b"\x80\x04\x8e" + (2**62).to_bytes(8, "little"))
    assert wanted_globals(path) == ()
    with pytest.raises(ModelError, match=r"save\.pt"):
        read_checkpoint(path)


def test_a_whole_module_needs_trust(tmp_path: Path) -> None:
    network = shufflenet()
    path = save(network, tmp_path)
    with pytest.raises(ModelError, match=r"torchvision\.models\.shufflenetv2\.ShuffleNetV2"):
        read_checkpoint(path)
    read = read_checkpoint(path, trust=True)
    assert read.module is not None
    assert read.kind == "whole module torchvision.models.shufflenetv2.ShuffleNetV2"
    assert torch.equal(read.tensors["fc.weight"], network.state_dict()["fc.weight"])


def test_a_module_whose_code_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = type("Gone", (torch.nn.Linear,), {"__module__": __name__})
    monkeypatch.setitem(globals(), "Gone", gone)
    path = save(gone(3, 2), tmp_path)
    monkeypatch.delitem(globals(), "Gone")
    with pytest.raises(ModelError, match=r"whose code is not here .* state_dict"):
        read_checkpoint(path, trust=True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty file"),
        (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"ID3\x04" + bytes(400), "neither a PyTorch nor a safetensors file"),
        (b"PK\x03\x04" + bytes(400), "cut off or spoilt"),
        (b"\x80\x02" + bytes(40), "not a PyTorch file|cut off or spoilt"),
    ],
)
def test_what_is_no_weights(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=says):
        read_checkpoint(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_cut_off_file(share: float, zipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save({"weight": torch.zeros(400, 4)}, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelError, match=r"save\.pt: (cut off|not a PyTorch file)"):
        read_checkpoint(path)


def test_torchscript_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    with zipfile.ZipFile(path, "w") as archive:  # the names that set such an archive apart
        for name in ("data.pkl", "constants.pkl", "code/__torch__.py"):
            archive.writestr(f"save/{name}", b"")
    with pytest.raises(ModelError, match="a TorchScript archive"):
        read_checkpoint(path)


def test_other_contents(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        read_checkpoint(tmp_path / "none.pt")
    with pytest.raises(ModelError, match="holds a list"):
        read_checkpoint(save([1, 2], tmp_path))
    with pytest.raises(ModelError, match=r"no weights among its keys \(epoch, loss\)"):
        read_checkpoint(save({"epoch": 1, "loss": 0.5}, tmp_path))
    with pytest.raises(ModelError, match="'w' holds what is no number"):
        read_checkpoint(save({"w": torch.tensor([1.0, float("nan")])}, tmp_path))
    with pytest.raises(ModelError, match="sparse"):
        read_checkpoint(save({"w": torch.eye(3).to_sparse()}, tmp_path))
    with pytest.raises(ModelError, match="only a shape"):
        read_checkpoint(save({"w": torch.empty(3, device="meta")}, tmp_path))
    numbered = read_checkpoint(
        save({"a": torch.eye(2), "b": torch.eye(2), 3: torch.eye(2)}, tmp_path)
    )
    assert set(numbered.tensors) == {"a", "b"}


@pytest.mark.parametrize(
    "table",
    [
        {"classes": list(LABELS)},
        {"id2label": {str(i): label for i, label in enumerate(LABELS)}},
        {"class_to_idx": {label: i for i, label in reversed(list(enumerate(LABELS)))}},
        {"meta": {"categories": list(LABELS)}},
        {"labels": json.dumps(LABELS)},
    ],
)
def test_labels_are_found(table: dict[str, object], tmp_path: Path) -> None:
    assert find_labels(table) == LABELS
    assert read_checkpoint(save({"model": WEIGHTS, **table}, tmp_path)).labels == LABELS


@pytest.mark.parametrize(
    "table",
    [
        {"classes": 16},
        {"classes": ["Rock"]},
        {"classes": ["Rock", "Rock"]},
        {"class_to_idx": {"Rock": 0, "Jazz": 2}},
        {"labels": "Rock"},
        {"labels": [0, 1, 2]},
        {"labels": json.dumps({"9" * 5000: "Rock", "1": "Jazz"})},
    ],
)
def test_labels_are_not_guessed(table: dict[str, object]) -> None:
    assert find_labels(table) == ()


def test_labels_that_are_given(tmp_path: Path) -> None:
    assert parse_labels("Rock, Jazz") == ("Rock", "Jazz")
    path = tmp_path / "labels.txt"
    path.write_text("# in order\nRock\n\nR&B, Soul\n", encoding="utf-8")
    assert parse_labels(str(path)) == ("Rock", "R&B, Soul")
    path.write_text('{"0": "Rock", "1": "Jazz"}', encoding="utf-8")
    assert parse_labels(str(path)) == ("Rock", "Jazz")
    assert all(len(parse_labels(name)) == 16 for name in names())
    for given, says in (
        ("Rock", "no file, no comma list"),
        ("Rock,,Jazz", "a label is empty"),
        ("Rock,Jazz,Rock", "Rock stands there twice"),
        ("a" * 5000, "no file, no comma list"),
    ):
        with pytest.raises(ModelError, match=says):
            parse_labels(given)
