"""From other people's weights to a model file that gives the same logits."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models.resnet import BasicBlock

from genrescope.learn.importing import heads, importer, networks
from genrescope.learn.importing import recipe as recipes
from genrescope.learn.importing.matching import judge, match
from genrescope.learn.importing.namings import rename
from genrescope.learn.importing.recipe import ImportRecipe
from genrescope.learn.networks._pooled import Pooled, WithActivationMap
from genrescope.models import ModelFile
from genrescope.models.engines import open_engine
from genrescope.types import GENRESCOPE_MEL, ModelError, PictureSpec
from tests.learn.others import (
    LABELS,
    SIDE,
    Make,
    Softly,
    ccmusic_head,
    enliven,
    logits,
    mobilenet,
    pictures,
    save,
    shufflenet,
    small_vgg,
)

CHROMA = """
name = "x"
description = ""
source = ""
[picture]
[spectrogram]
kind = "chroma"
sample_rate = 22050
bands = 12
hop_length = 512
n_fft = 2048
low_hz = 0.0
high_hz = 11025.0
"""
Weights = dict[str, torch.Tensor]
GREY = ImportRecipe("mine", "", "", GENRESCOPE_MEL, PictureSpec(SIDE, SIDE))
THREE = ImportRecipe(
    "mine", "", "", GENRESCOPE_MEL, PictureSpec(SIDE, SIDE, 3, (0.5,) * 3, (0.5,) * 3)
)


def order(path: Path, network: str, **changes: object) -> importer.Order:
    fields: dict[str, object] = {"recipe": THREE, "labels": LABELS, "name": "theirs", **changes}
    return importer.Order(path, network, **fields)  # type: ignore[arg-type]


def assert_same(draft: importer.Draft, original: nn.Module, given: torch.Tensor) -> None:
    """The network that would be written gives the original's logits."""
    draft.check((), ())
    with torch.inference_mode():
        made = draft.network(given)
    torch.testing.assert_close(made, logits(original, given), rtol=1e-5, atol=1e-4)


def assert_written_same(
    draft: importer.Draft, original: nn.Module, given: torch.Tensor, folder: Path
) -> ModelFile:
    """The file that is written gives the original's logits, run by an engine."""
    draft.check((), ())
    model = draft.write(folder)
    engine = open_engine(model, "openvino")
    made, wanted = engine.run(given.numpy()).logits, logits(original, given).numpy()
    share = 2e-2 if engine.precision == "bf16" else 1e-4
    np.testing.assert_allclose(made, wanted, atol=share * max(1, np.abs(wanted).max()))
    return model


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model._orig_mod."])
def test_state_dicts_under_every_prefix(prefix: str, tmp_path: Path) -> None:
    original = shufflenet()
    weights = {f"{prefix}{name}": value for name, value in original.state_dict().items()}
    draft = importer.draft(order(save({"state_dict": weights}, tmp_path), "shufflenet_v2_x0_5"))
    assert draft.renamed.prefix == prefix
    assert len(draft.matching.of("matched")) == len(draft.matching.fates) == 282
    assert_same(draft, original, pictures())


@pytest.mark.usefixtures("in_float32")
def test_a_file_in_ccmusics_form(tmp_path: Path) -> None:
    original = mobilenet(ccmusic=True)
    draft = importer.draft(order(save(original.state_dict(), tmp_path), "mobilenet_v3_large"))
    head = draft.network.get_submodule("classifier")
    assert [m.out_features for m in head.modules() if isinstance(m, nn.Linear)] == [249, 67, 18, 5]
    assert sum(draft.matching.in_head(fate) for fate in draft.matching.of("matched")) == 8
    card = assert_written_same(draft, original, pictures(), tmp_path).card
    assert draft.checkpoint.sha256 in card.origin
    assert card.pretrained.startswith("elsewhere: imported from ")
    assert card.licence == "not stated"
    assert card.labels == LABELS


def test_torchvisions_head_of_three_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a pool from 16 × 16 to 7 × 7, which ONNX has no word for."""
    original = small_vgg(channels=1)
    monkeypatch.setattr(networks, "build", lambda *_: small_vgg(7, channels=1))
    path = save(original.state_dict(), tmp_path)
    draft = importer.draft(order(path, "vgg19_bn", recipe=GREY))
    written = assert_written_same(draft, original, pictures(channels=1), tmp_path)
    assert written.cam_shape is None


def test_the_real_vgg_and_vit_match_whole() -> None:
    """By shape alone: their weights would be half a gigabyte."""
    with torch.device("meta"):
        cases = {
            "vgg19_bn": (models.vgg19_bn(num_classes=16), models.vgg19_bn(num_classes=16)),
            "vit_b_16": (models.vit_b_16(num_classes=16), models.vit_b_16(num_classes=16)),
        }
        for theirs, ours in cases.values():
            place = heads.place_of(ours)
            held = {
                name.removeprefix(f"{place}."): tensor
                for name, tensor in theirs.state_dict().items()
                if name.startswith(f"{place}.")
            }
            ours.set_submodule(place, heads.rebuild_head(ours.get_submodule(place), held))
            matching = match(ours, rename(theirs.state_dict()), place)
            held_by = (*theirs.parameters(), *(b for b in theirs.buffers() if b.ndim))
            assert matching.values("matched") == sum(values.numel() for values in held_by)
            assert not matching.lacking


@pytest.mark.parametrize(
    ("place", "make"),
    [
        ("fc", lambda: models.ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5)),
        ("fc", shufflenet),
        ("classifier", lambda: models.DenseNet(4, (1, 1, 1, 1), 8, num_classes=5)),
        ("classifier", lambda: models.mobilenet_v2(num_classes=5, width_mult=0.25)),
        ("classifier", lambda: models.efficientnet_b0(num_classes=5)),
    ],
)
def test_an_exact_activation_map_the_right_way_up(place: str, make: Make) -> None:
    torch.manual_seed(1)
    original, given = enliven(make()), pictures()
    maps = {}
    for row in ("first", "last"):
        picture = replace(THREE.picture, lowest_row=row)
        pooled = networks.runnable(original, place, picture)
        assert isinstance(pooled, Pooled)
        running = WithActivationMap(pooled, SIDE // 32 * SIDE // 32)
        with torch.inference_mode():
            said, maps[row] = running(given)
        torch.testing.assert_close(said, logits(original, given), rtol=1e-4, atol=1e-4)
        summed = maps[row].sum(dim=(2, 3)) + running.bias
        torch.testing.assert_close(summed, said, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(maps["first"], maps["last"].flip(2), rtol=1e-4, atol=1e-4)
    assert float((maps["first"] - maps["last"]).abs().max()) > 1e-3


@pytest.mark.usefixtures("in_float32")
def test_a_file_with_an_activation_map(tmp_path: Path) -> None:
    original = shufflenet()
    turned = ImportRecipe("", "", "", GENRESCOPE_MEL, replace(THREE.picture, lowest_row="last"))
    path = save(original.state_dict(), tmp_path)
    draft = importer.draft(order(path, "shufflenet_v2_x0_5", recipe=turned))
    model = assert_written_same(draft, original, pictures(), tmp_path)
    assert model.cam_shape == (2, 2)


@pytest.mark.parametrize("name", ["mobilenetv3_large_100", "efficientnet_b0"])
def test_timms_names(name: str, tmp_path: Path) -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed")
    torch.manual_seed(1)
    original = enliven(timm.create_model(name, num_classes=5))
    path = save({"state_dict": original.state_dict()}, tmp_path)
    ours = {"mobilenetv3_large_100": "mobilenet_v3_large"}.get(name, name)
    draft = importer.draft(order(path, ours))
    assert draft.renamed.naming == "timm"
    assert not draft.matching.lacking
    assert not draft.matching.of("unexpected")
    assert_same(draft, original, pictures())


def test_timms_names_of_further_networks() -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed")
    with torch.device("meta"):
        for theirs, ours in (
            ("resnet50", models.resnet50(num_classes=5)),
            ("densenet121", models.densenet121(num_classes=5)),
            ("vgg19_bn", models.vgg19_bn(num_classes=5)),
            ("vit_base_patch16_224", models.vit_b_16(num_classes=5)),
        ):
            weights = timm.create_model(theirs, num_classes=5).state_dict()
            matching = match(ours, rename(weights), heads.place_of(ours))
            assert not matching.lacking, theirs
            assert not matching.of("unexpected"), theirs


def test_timms_vit_says_the_same_under_our_names() -> None:
    vit = pytest.importorskip("timm.models.vision_transformer", reason="timm is not installed")
    torch.manual_seed(1)
    theirs = vit.VisionTransformer(
        img_size=32, patch_size=16, embed_dim=32, depth=2, num_heads=2, mlp_ratio=2, num_classes=5
    )
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(std=0.5)
    ours = models.VisionTransformer(32, 16, 2, 2, 32, 64, num_classes=5)
    ours.load_state_dict(rename(theirs.state_dict()).tensors)
    given = pictures(side=32)
    torch.testing.assert_close(logits(ours.eval(), given), logits(theirs.eval(), given))


def test_older_names_of_torchvision() -> None:
    with torch.device("meta"):
        network = models.densenet121(num_classes=5)
    older = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name): value
        for name, value in network.state_dict().items()
    }
    renamed = rename(older)
    assert renamed.naming == "torchvision before 0.3"
    matching = match(network, renamed, "classifier")
    assert len(matching.of("renamed")) == 58 * 10
    assert len(matching.of("matched", "renamed")) == len(matching.fates)
    vit = {"encoder.layers.encoder_layer_0.mlp.linear_1.weight": torch.zeros(2, 2)}
    assert list(rename(vit).tensors) == ["encoder.layers.encoder_layer_0.mlp.0.weight"]


def test_a_whole_module_brings_its_own_layers_between(tmp_path: Path) -> None:
    original = shufflenet()
    original.fc = nn.Sequential(nn.Linear(1024, 9), nn.Tanh(), nn.Linear(9, 5))
    enliven(original)
    path = save(original, tmp_path)
    draft = importer.draft(order(path, "shufflenet_v2_x0_5", trust=True))
    assert_same(draft, original, pictures())
    bare = save(original.state_dict(), tmp_path, "bare.pt")
    with pytest.raises(ModelError, match=r"layers at 0, 2 .* say --activation"):
        importer.draft(order(bare, "shufflenet_v2_x0_5"))
    told = importer.draft(order(bare, "shufflenet_v2_x0_5", activation="tanh"))
    assert_same(told, original, pictures())
    draft.check_module(pictures().numpy())
    wrong = importer.draft(order(bare, "shufflenet_v2_x0_5", activation="relu"))
    given = pictures()
    assert np.abs(wrong.logits(given.numpy()) - logits(original, given).numpy()).max() > 0.05


def test_a_module_that_does_more_than_its_weights_say(tmp_path: Path) -> None:
    path = save(Softly(shufflenet()), tmp_path)
    draft = importer.draft(order(path, "shufflenet_v2_x0_5", trust=True))
    assert draft.renamed.prefix == "model."
    draft.check((), ())
    with pytest.raises(ModelError, match="it has other layers without weights"):
        draft.check_module(pictures().numpy())


def test_heads_that_are_not_rebuilt(tmp_path: Path) -> None:
    original = shufflenet()
    original.fc = nn.Sequential(nn.Linear(1024, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 5))
    with pytest.raises(ModelError, match=r"'1\.weight' \(9\) is of no linear layer"):
        importer.draft(order(save(original.state_dict(), tmp_path), "shufflenet_v2_x0_5"))


@pytest.mark.parametrize(
    "head", [{}, {"weight": torch.ones(5)}, {"weight": torch.tensor(1.0)}], ids=str
)
def test_heads_without_a_table_of_weights(head: dict[str, torch.Tensor], tmp_path: Path) -> None:
    trunk = {k: v for k, v in shufflenet().state_dict().items() if not k.startswith("fc.")}
    named = {f"fc.{name}": tensor for name, tensor in head.items()}
    path = save({**trunk, **named, "fc.bias": torch.ones(5)}, tmp_path)
    with pytest.raises(ModelError, match="no table of weights"):
        importer.draft(order(path, "shufflenet_v2_x0_5"))


def test_a_stem_with_one_channel(tmp_path: Path) -> None:
    original = shufflenet(channels=1)
    path = save(original.state_dict(), tmp_path)
    assert_same(
        importer.draft(order(path, "shufflenet_v2_x0_5", recipe=GREY)),
        original,
        pictures(channels=1),
    )
    wrong = importer.draft(order(path, "shufflenet_v2_x0_5"))
    assert [fate.name for fate in wrong.matching.of("wrong shape")] == ["conv1.0.weight"]


@pytest.mark.parametrize("name", ["convnext_tiny", "swin_t"])
def test_ccmusics_head_on_further_networks(name: str) -> None:
    """ConvNeXt's head keeps its own norm before it; by shape alone."""
    with torch.device("meta"):
        theirs = models.get_model(name, weights=None)
        if name == "convnext_tiny":
            theirs.classifier = nn.Sequential(*theirs.classifier[:2], *ccmusic_head(768, 5))
        else:
            theirs.head = ccmusic_head(768, 5)
        ours = models.get_model(name, weights=None)
        place = heads.place_of(ours)
        held = {
            n.removeprefix(f"{place}."): t
            for n, t in theirs.state_dict().items()
            if n.startswith(f"{place}.")
        }
        ours.set_submodule(place, heads.rebuild_head(ours.get_submodule(place), held))
        matching = match(ours, rename(theirs.state_dict()), place)
    assert not matching.lacking
    assert not matching.of("unexpected")
    kinds = [type(m).__name__ for m in ours.get_submodule(place)]
    assert kinds[-7:] == ["Linear", "ReLU", "Linear", "ReLU", "Linear", "ReLU", "Linear"]
    assert ("LayerNorm2d" in kinds) == (name == "convnext_tiny")


def spoil(weights: Weights, how: str) -> Weights:
    spoilt = dict(weights)
    if how == "a little":
        del spoilt["conv1.1.bias"]
    elif how == "much":
        del spoilt["conv5.0.weight"]
    elif how == "shape":
        spoilt["conv5.0.weight"] = spoilt["conv5.0.weight"][:, :100]
    elif how == "head":
        del spoilt["fc.weight"], spoilt["fc.bias"]
    elif how == "half a head":
        del spoilt["fc.bias"]
    elif how == "more":
        spoilt["layer5.weight"] = torch.zeros(200, 1000)
    return spoilt


@pytest.mark.parametrize(
    ("how", "says", "missing", "unexpected"),
    [
        ("a little", "", (), ()),
        ("much", r"5\d\.\d% of the network's weights did not match", ("conv5.0.*",), ()),
        ("shape", r"file 1024 × 100 × 1 × 1, network 1024 × 192", ("conv5.0.*",), ()),
        ("head", "the head did not match", ("fc.*",), ()),
        ("more", r"3\d\.\d% of the file's weights have no place", (), ("layer5.*",)),
    ],
)
def test_what_did_not_match_is_refused_unless_said(
    how: str, says: str, missing: tuple[str, ...], unexpected: tuple[str, ...], tmp_path: Path
) -> None:
    path = save(spoil(shufflenet().state_dict(), how), tmp_path)
    draft = importer.draft(order(path, "shufflenet_v2_x0_5"))
    if says:
        with pytest.raises(ModelError, match=says):
            draft.check((), ())
        with pytest.raises(ModelError, match="name of nothing"):
            draft.check(("layer9.*",), ())
    draft.check(missing, unexpected)
    chance = [w for w in draft.card().warnings if "are chance" in w]
    assert bool(chance) == (how != "more")


def test_the_wrong_network(tmp_path: Path) -> None:
    with torch.device("meta"):
        deeper = rename(models.resnet34(num_classes=5).state_dict())
        matching = match(models.resnet18(num_classes=5), deeper, "fc")
    assert not matching.lacking
    with pytest.raises(ModelError, match="of the file's weights have no place in the network"):
        judge(matching)
    path = save(shufflenet().state_dict(), tmp_path)
    with pytest.raises(ModelError, match="the head did not match"):
        importer.draft(order(path, "mobilenet_v3_large")).check((), ())
    with pytest.raises(ModelError, match="of the network's weights did not match"):
        importer.draft(order(path, "shufflenet_v2_x1_0")).check((), ())
    with pytest.raises(ModelError, match=r"did you mean .*resnet34"):
        importer.draft(order(path, "resnet34d"))


def test_labels_are_given_or_found(tmp_path: Path) -> None:
    weights = shufflenet().state_dict()
    bare = save({"model": weights}, tmp_path, "bare.pt")
    with pytest.raises(ModelError, match="not to be guessed"):
        importer.draft(order(bare, "shufflenet_v2_x0_5", labels=()))
    with pytest.raises(ModelError, match="gives 5 logits, and there are 3 labels"):
        importer.draft(order(bare, "shufflenet_v2_x0_5", labels=LABELS[:3])).check((), ())
    told = save({"model": weights, "classes": list(LABELS)}, tmp_path, "told.pt")
    assert importer.draft(order(told, "shufflenet_v2_x0_5", labels=())).labels == LABELS
    with pytest.raises(ModelError, match="in another order than the file's own"):
        importer.draft(order(told, "shufflenet_v2_x0_5", labels=tuple(sorted(LABELS))))
    renamed = importer.draft(order(told, "shufflenet_v2_x0_5", labels=tuple("abcde")))
    assert renamed.labels == tuple("abcde")


def test_int8_is_a_quarter(tmp_path: Path) -> None:
    draft = importer.draft(order(save(shufflenet().state_dict(), tmp_path), "shufflenet_v2_x0_5"))
    whole = draft.write(tmp_path)
    small = draft.write(tmp_path / "small", int8=True)
    assert small.size_bytes < 0.4 * whole.size_bytes
    assert small.card.weights == "int8 per output channel"
    apart = draft.difference(open_engine(small), pictures().numpy())
    assert 0 < apart < 0.5


def test_recipes_that_come_with_genrescope() -> None:
    assert recipes.names() == ("ccmusic_cqt", "ccmusic_mel")
    for name in recipes.names():
        recipe = recipes.load(name)
        assert recipe.name == name
        assert recipe.spectrogram.kind == name.split("_")[1]
        assert recipe.spectrogram.frames == 491
        assert "github.com/monetjoe/music_genre" in recipe.source


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("= 3", "not a recipe that can be used"),
        ('name = "x"', "missing 'description', 'source', 'spectrogram', 'picture'"),
        (CHROMA, "'chroma' is none of 'mel', 'cqt'"),
        (CHROMA.replace("chroma", "mel").replace("12", "0"), "bands must lie in 1 to 4096"),
    ],
)
def test_recipes_that_are_wrong(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=says):
        recipes.load(str(path))
    with pytest.raises(ModelError, match="neither a TOML file nor one of ccmusic_cqt"):
        recipes.load("chroma")
