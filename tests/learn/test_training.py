"""Training resumes to the bit; what is exported computes the same."""

from __future__ import annotations

import json
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")
pytest.importorskip("torchvision", reason="the extra 'train' is not installed")

from genrescope.classification.looking import Model, load_models  # noqa: E402
from genrescope.learn import finishing, networks, training  # noqa: E402
from genrescope.learn.choosing import choose_weights  # noqa: E402
from genrescope.learn.export import export_graph  # noqa: E402
from genrescope.learn.judging import judge, to_plain  # noqa: E402
from genrescope.learn.networks._pooled import Pooled, WithActivationMap  # noqa: E402
from genrescope.learn.networks.vit import AWAKE, sines  # noqa: E402
from genrescope.learn.optimising import learning_rate, set_blocks, set_training  # noqa: E402
from genrescope.learn.recipe import (  # noqa: E402
    Data,
    Optimiser,
    Recipe,
    Stage,
    Teaching,
    identify,
    read_recipe,
)
from genrescope.learn.sampling import Batch  # noqa: E402
from genrescope.learn.teaching import Teachers  # noqa: E402
from genrescope.learn.training import Run  # noqa: E402
from genrescope.learn.watching import torch_infer, validator  # noqa: E402
from genrescope.learn.workshop import Workshop, _check_finished  # noqa: E402
from genrescope.models import save_model  # noqa: E402
from genrescope.models.engines import open_engine  # noqa: E402
from genrescope.models.weights import store_weights_int8  # noqa: E402
from genrescope.types import GENRESCOPE_MEL, PictureSpec, TrainingError  # noqa: E402
from tests.learn.made_up import GENRES, collection  # noqa: E402
from tests.onnx_models import card  # noqa: E402

RECIPE = Recipe(
    name="tiny",
    network="mobilenet_v3_large",
    kind="mel",
    taxonomy="genres16",
    data=Data(sources=("made_up",)),
    stages=(Stage(32, 4, 6), Stage(48, 2, 6)),
    picture=PictureSpec(48, 48),
    optimiser=Optimiser(peak_rate=1e-3),
    threads=1,
)


def nothing(network: object, pixels: int) -> dict[str, float]:
    return {}


def silent(progress: object) -> None:
    pass


def run(folder: Path, recipe: Recipe = RECIPE) -> Run:
    return Run(recipe, [collection()], GENRES, GENRESCOPE_MEL, folder)


def test_a_run_that_was_stopped_goes_on_to_the_bit(tmp_path: Path) -> None:
    straight = run(tmp_path / "straight")
    straight.go(silent, nothing)
    halves = run(tmp_path / "halves")
    halves.go(silent, nothing, stop_after=3)
    again = run(tmp_path / "halves")
    assert again.step == 3
    again.go(silent, nothing)
    assert again.step == straight.step == RECIPE.steps
    for key, value in straight.average.items():
        assert torch.equal(value, again.average[key]), key
    log = (tmp_path / "halves" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(log) == RECIPE.steps
    assert json.loads(log[4])["rate"] == pytest.approx(learning_rate(RECIPE, 4), rel=1e-4)
    curves = [(tmp_path / one / "curves.html").read_text() for one in ("straight", "halves")]
    for text in curves:
        assert f"{RECIPE.steps} steps, " in text
        assert "<path d='M" in text
    lines = [re.findall(r"<path d='([^']*)' stroke='#3b6ea8' stroke-width='1'", t) for t in curves]
    assert lines[0] == lines[1]  # the page of a run that was taken up has the whole


def test_a_page_that_cannot_be_written_stops_no_training(tmp_path: Path) -> None:
    (tmp_path / "curves.html").mkdir()
    begun = run(tmp_path)
    begun.go(silent, nothing, stop_after=1)
    assert run(tmp_path).step == 1


def test_a_run_does_not_go_on_with_other_teachers(tmp_path: Path) -> None:
    model = load_models(["mobilenetv3_mel"])[0]
    labels = model.card.labels

    def taught(by: Model) -> Run:
        teachers = Teachers([by], 0.5, labels, {"mel": GENRESCOPE_MEL})
        return Run(RECIPE, [collection()], labels, GENRESCOPE_MEL, tmp_path, None, teachers)

    taught(model).save()
    assert taught(model).step == 0
    with pytest.raises(TrainingError, match="taught by other files"):
        taught(replace(model, digest="of another file"))


def test_an_interruption_is_saved(tmp_path: Path) -> None:
    begun = run(tmp_path)

    def interrupt(progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begun.go(interrupt, nothing)
    assert run(tmp_path).step == 1


@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("where", ["forward", "optimiser"])
def test_ctrl_c_within_a_step_leaves_no_half_of_it(
    tmp_path: Path, where: str, presses: int
) -> None:
    straight = run(tmp_path / "straight")
    straight.go(silent, nothing)
    begun = run(tmp_path / "stopped")

    def press(*_: object) -> None:
        for _press in range(presses if begun.step == 2 else 0):
            signal.raise_signal(signal.SIGINT)

    if where == "forward":
        begun.network.register_forward_hook(press)
    else:
        begun.optimiser.register_step_post_hook(press)
    with pytest.raises(KeyboardInterrupt):
        begun.go(silent, nothing)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    again = run(tmp_path / "stopped")
    assert again.step == (3 if presses == 1 else 0)
    again.go(silent, nothing)
    for key, value in straight.average.items():
        assert torch.equal(value, again.average[key]), key


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)

    def meanwhile(progress: object) -> None:
        with pytest.raises(TrainingError, match="another process trains in"):
            second.go(silent, nothing)

    first.go(meanwhile, nothing, stop_after=1)
    assert (first.step, second.step) == (1, 0)
    run(tmp_path).go(silent, nothing, stop_after=1)


def test_a_loss_that_is_no_number_spoils_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = run(tmp_path)
    begun.go(silent, nothing, stop_after=1)
    good = begun.checkpoint.read_bytes()

    def broken(*_: object) -> Batch:
        windows = np.full((6, 128, 128), np.nan, dtype=np.float32)
        return Batch(windows, np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]], {})

    monkeypatch.setattr(training, "draw_batch", broken)
    with pytest.raises(TrainingError, match="the loss is nan at step 2"):
        begun.go(silent, nothing)
    assert begun.checkpoint.read_bytes() == good


def test_another_recipes_checkpoint_is_refused(tmp_path: Path) -> None:
    run(tmp_path).go(silent, nothing, stop_after=1)
    with pytest.raises(TrainingError, match="of another recipe"):
        run(tmp_path, replace(RECIPE, seed=9))
    (tmp_path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match="not a checkpoint"):
        run(tmp_path)


def test_a_run_that_was_stopped_is_no_beginning() -> None:
    recipes = Path(__file__).parents[2] / "recipes"
    steps = read_recipe(recipes / "resnet50_mel_first.toml").steps
    with pytest.raises(TrainingError, match=f"stopped at step 7 of {steps}: go on with it first"):
        _check_finished("resnet50_mel_first", 7, recipes)
    for step in (0, steps):
        _check_finished("resnet50_mel_first", step, recipes)


def test_a_compiled_network_learns_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, wanted = run(tmp_path / "plain"), replace(RECIPE, compiled=True)
    asked: list[bool] = []

    def eager(network: object, dynamic: bool) -> object:
        asked.append(dynamic)
        return torch._dynamo.optimize("eager")(network)  # no C++ compiler, the rest as it is

    monkeypatch.setattr(torch, "compile", eager)
    monkeypatch.setenv("CXX", sys.executable)
    compiled = run(tmp_path / "compiled", wanted)
    plain.go(silent, nothing, stop_after=2)
    compiled.go(silent, nothing, stop_after=2)
    assert asked == [False]
    for key, value in plain.average.items():
        assert torch.allclose(value, compiled.average[key], atol=1e-4), key
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(TrainingError, match="install g"):
        run(tmp_path / "compiled", wanted)


def test_a_recipe_is_known_by_what_it_changes() -> None:
    told = identify(RECIPE)
    assert '"seed"' not in told
    assert '"threads": 1' in told
    assert told != identify(replace(RECIPE, stages=(Stage(32, 4, 6), Stage(48, 3, 6))))
    assert told == identify(replace(RECIPE, seed=0, precision="float32"))
    other = replace(RECIPE, data=Data(("made_up",), crowding=0.5))
    assert '"crowding": 0.5' in identify(other)
    with pytest.raises(TrainingError, match="need teachers"):
        replace(RECIPE, data=Data(("made_up",), unlabelled=0.1))
    with pytest.raises(TrainingError, match="soft_labels is a share"):
        Teaching(soft_labels=1.5)


def test_one_cycle() -> None:
    rates = [learning_rate(RECIPE, step) for step in range(RECIPE.steps)]
    assert max(rates) == pytest.approx(1e-3)
    assert rates[-1] < 2e-4
    assert min(rates) > 0


@pytest.mark.parametrize("name", networks.names())
def test_every_network_has_an_exact_activation_map(name: str) -> None:
    network = networks.build(name, 1, 5).eval()
    assert isinstance(network, Pooled)
    picture = torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        places = network.trunk(picture).shape[2:].numel()
        logits, cam = WithActivationMap(network, places)(picture)
        assert cam.shape[:2] == (2, 5)
        torch.testing.assert_close(logits, network(picture), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(cam.sum((2, 3)) + network.head.bias, logits)
    assert networks.load(name).PAPER.startswith("https://doi.org/")


@pytest.mark.parametrize(
    ("name", "channels"), [*((name, 1) for name in networks.names()), ("mobilenet_v3_large", 3)]
)
def test_every_network_takes_grey_and_colour(name: str, channels: int) -> None:
    torch.manual_seed(0)
    first = networks.build(name, channels, 7).eval()
    torch.manual_seed(0)
    second = networks.build(name, channels, 7).eval()
    picture = torch.rand(2, channels, 48, 48)
    with torch.inference_mode():
        logits = first(picture)
        assert logits.shape == (2, 7)
        assert torch.equal(logits, second(picture))


def test_blocks_that_have_not_learned_change_nothing_but_the_time() -> None:
    network: Any = networks.build("vit_b_16", 1, 5, 0.0).train()
    picture = torch.rand(2, 1, 48, 48)
    ran: list[int] = []
    for number, block in enumerate(network.trunk.layers):
        block.register_forward_hook(lambda *_, number=number: ran.append(number))
    with torch.inference_mode():
        set_training(network, Stage(48, 1, 2, blocks=AWAKE))
        learning = network(picture)
        assert ran == list(range(AWAKE))
        set_training(network, Stage(48, 1, 2))
        torch.testing.assert_close(network(picture), learning)
        whole = network.eval()(picture)
        assert len(ran) == AWAKE + 24
        set_blocks(network, Stage(48, 1, 2, blocks=AWAKE))
        torch.testing.assert_close(network(picture), whole)
        assert len(ran) == 2 * AWAKE + 24
    set_training(network, Stage(48, 1, 2))
    network(picture).square().sum().backward()
    assert all(block.mlp[3].weight.grad.abs().max() > 0 for block in network.trunk.layers)


@pytest.mark.parametrize(("name", "most"), [("vit_b_16", 12), ("mobilenet_v3_large", 0)])
def test_blocks_that_are_not_there_are_refused(name: str, most: int) -> None:
    with pytest.raises(TrainingError, match=f"13 transformer blocks: there are {most}"):
        set_training(networks.build(name, 1, 5), Stage(48, 1, 2, blocks=13))


def test_a_patch_knows_its_row_and_its_column() -> None:
    waves = sines(14, 768)[0].double()
    assert waves.abs().max() <= 1
    places = waves.flatten(1).T
    apart = torch.cdist(places, places) + torch.eye(len(places)) * 1e3
    assert apart.min() > 1  # no two alike
    right, far = (waves[:, 5, 5] - waves[:, 5, 5 + by] for by in (1, 6))
    down = waves[:, 5, 5] - waves[:, 6, 5]
    assert right.norm() == pytest.approx(down.norm())
    assert right.norm() < far.norm()


def test_unknown_network() -> None:
    with pytest.raises(TrainingError, match="mobilenet_v3_large"):
        networks.build("perceptron", 1, 5)


def test_what_is_exported_computes_the_same(tmp_path: Path) -> None:
    trained = run(tmp_path / "run")
    trained.go(silent, nothing)
    network = trained.averaged()
    graph = export_graph(network, RECIPE.picture)
    fields = {"labels": GENRES, "picture": RECIPE.picture}
    whole = save_model(graph, card(**fields), tmp_path / "f32.onnx")  # type: ignore[arg-type]
    stored = store_weights_int8(graph)
    small = save_model(stored, card(**fields), tmp_path / "i8.onnx")  # type: ignore[arg-type]
    assert small.size_bytes < whole.size_bytes * 0.3
    window = np.random.default_rng(0).uniform(size=(3, 128, 128)).astype(np.float32)
    expected = torch_infer(network, RECIPE.picture)(window)
    from genrescope.classification.looking import look

    for model, tolerance in ((whole, 1e-3), (small, 0.1)):
        given = look(Model(model.card, open_engine(model)), window)
        np.testing.assert_allclose(given, expected, atol=tolerance)


def test_from_a_run_to_a_model_file(tmp_path: Path) -> None:
    data = collection("gtzan", per_genre=16)
    trained = Run(RECIPE, [data], GENRES, GENRESCOPE_MEL, tmp_path / "run")
    bench = Workshop(RECIPE, (data,), GENRES, trained)
    assert "step 0 of 6" in bench.describe()
    bench.train(silent)
    assert bench.finished
    model = bench.finish(tmp_path)
    assert model.path == tmp_path / "tiny.onnx"
    assert model.card.labels == GENRES
    assert 0.2 <= model.card.temperature <= 5
    assert {score.metric for score in model.card.scores} >= {"top1", "top3", "ece"}
    assert model.card.training[0].excerpts == data.splits.count("train")
    assert "int8" in model.card.weights
    report = judge(Model(model.card, open_engine(model)), [data], "test")[0]
    assert report.n == data.splits.count("test") == to_plain(report)["songs"]
    assert validator(RECIPE, [data], GENRES, 128)(trained.averaged(), 48)


def test_the_last_weights_are_taken_where_their_average_lags(tmp_path: Path) -> None:
    sets = [collection("gtzan", per_genre=16)]
    trained = Run(RECIPE, sets, GENRES, GENRESCOPE_MEL, tmp_path)
    network, which = choose_weights(trained, sets)  # nothing learned: both are the same
    assert which == ""
    assert torch.equal(network.get_parameter("head.weight"), trained.average["head.weight"])
    trained.average["head.bias"][0] += 5
    network, which = choose_weights(trained, sets)
    assert "last" in which
    begun = run(tmp_path)
    assert torch.equal(begun.average["head.bias"], trained.network.state_dict()["head.bias"])
    assert not network.training
    assert float(network.get_parameter("head.bias")[0].detach()) < 1
    network, which = choose_weights(run(tmp_path), sets)  # finishing was interrupted
    assert "last" in which
    assert float(network.get_parameter("head.bias")[0].detach()) < 1
    unjudged = [part.split("train") for part in sets]
    fresh = Run(RECIPE, sets, GENRES, GENRESCOPE_MEL, tmp_path / "fresh")
    assert choose_weights(fresh, unjudged)[1] == ""


def test_a_small_part_of_real_audio_calibrates_no_more_than_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = (collection("gtzan"), collection("audio_pairs"), collection("audio_pairs_rock", 4))
    given: list[list[int]] = []

    def note(found: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, np.ndarray]:
        given.append([len(truth) for _, truth in found])
        return 1.0, np.zeros(len(GENRES), np.float32)

    monkeypatch.setattr(finishing, "fit_scaling", note)
    monkeypatch.setattr(finishing, "_computing_in_int8", lambda *_: None)  # tried above
    bench = Workshop(
        RECIPE, sets, GENRES, Run(RECIPE, sets, GENRES, GENRESCOPE_MEL, tmp_path / "run")
    )
    bench.finish(tmp_path)
    valid = [part.splits.count("valid") for part in sets]
    assert given == [[valid[1] + valid[2], valid[0]]]
