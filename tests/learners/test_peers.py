"""Each peer against an answer that can be worked out by hand, or by another implementation."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.special import expit, logit
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct
from sklearn.linear_model import Ridge

from metabam.config import PeerConfig
from metabam.data.views import window_view
from metabam.errors import ConfigError
from metabam.learners import finetune, gaussian_process
from metabam.learners.finetune import FineTune, Schedule, WindowEncoder, tuning
from metabam.learners.gaussian_process import Kernel, calibrated, laplace, posterior
from metabam.learners.in_context import InContextNetwork
from metabam.learners.logistic import Standardiser, base_rate
from metabam.learners.maml import Maml1, Maml5, MamlNetwork
from metabam.learners.meta_trained import Shots, train_network
from metabam.learners.neural_process import ProcessNetwork
from metabam.learners.ridge import RidgeNetwork, ridge_step
from metabam.learners.tabpfn_adapter import TabPfn
from metabam.metrics import auroc
from metabam.model.encoders.cnn import PairNetwork
from metabam.records import LabelledContext, PairWindows, SupportSet
from tests.learners.toys import feature_family

S, Q, D, B = 7, 5, 3, 2


def shots(seed=0, tasks=B, size=S):
    rng = np.random.default_rng(seed)
    y = torch.from_numpy((rng.random((tasks, size)) < 0.4).astype(np.float64))
    x = torch.from_numpy(rng.standard_normal((tasks, size, D)))
    return Shots(x, y, torch.ones(tasks, size).double(), torch.zeros(tasks, 1).double())


def start():
    return torch.tensor([-1.0, 0.3, -0.2, 0.5])


# ------------------------------------------------------------------ MAML


def test_one_inner_step_is_one_gradient_step_by_hand():
    network = MamlNetwork(torch.zeros(2), hidden=1, steps=1).double()
    with torch.no_grad():
        network.hidden.zero_()  # a logistic regression: tanh(0) = 0, and its read-out stays at 0
        network.log_pseudo.copy_(torch.tensor(2.0).log())
    x = torch.tensor([[[2.0], [-1.0], [0.5]]]).double()
    y = torch.tensor([[1.0, 0.0, 1.0]]).double()
    found = dict(
        zip(
            network.weights(),
            network.absorb(Shots(x, y, torch.ones(1, 3).double(), torch.zeros(1, 1).double())),
            strict=True,
        )
    )
    # at theta = 0 every P is 1/2; sum (y - P) x = 1 + 0.5 + 0.25; S + s0 = 5; the rate is 3
    assert found["slope"].item() == pytest.approx(3.0 * 1.75 / 5.0)
    assert found["base"].item() == pytest.approx(3.0 * 0.5 / 5.0)
    z = network.answer(tuple(found.values()), torch.tensor([[[4.0]]]).double())
    assert z.item() == pytest.approx(4.0 * 1.05 + 0.3)


def test_five_steps_are_five_and_padding_takes_no_part():
    torch.manual_seed(0)
    network = MamlNetwork(start(), hidden=5, steps=5).double()
    plain = shots()
    weights = {name: value.detach().clone()[0:] for name, value in network.weights().items()}
    for _ in range(5):
        leaves = {name: value.requires_grad_() for name, value in weights.items()}
        z = (
            plain.x[0] @ leaves["slope"]
            + leaves["base"]
            + torch.tanh(plain.x[0] @ leaves["hidden"] + leaves["shift"]) @ leaves["out"]
        )
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, plain.y[0], reduction="sum") / (S + 32.0)
        slopes = torch.autograd.grad(loss, list(leaves.values()))
        weights = {n: (v - 0.6 * g).detach() for (n, v), g in zip(leaves.items(), slopes, strict=True)}
    padded = Shots(
        torch.cat([plain.x, 9 * torch.ones(B, 2, D).double()], 1),
        torch.cat([plain.y, torch.ones(B, 2).double()], 1),
        torch.cat([plain.mask, torch.zeros(B, 2).double()], 1),
        plain.offset,
    )
    for found in (network.absorb(plain), network.absorb(padded)):
        for name, value in zip(weights, found, strict=True):
            assert value[0].detach().numpy() == pytest.approx(weights[name].numpy(), abs=1e-6)


def test_meta_gradients_reach_the_start_and_the_rates():
    network = MamlNetwork(start(), hidden=5, steps=1).double()
    network.answer(network.absorb(shots()), shots(1).x).sum().backward()
    assert all(
        p.grad is not None and p.grad.abs().sum() > 0
        for n, p in network.named_parameters()
        if n != "hidden" and "hidden" not in n and "shift" not in n
    )
    assert (Maml1().steps, Maml5().steps) == (1, 5)


# ------------------------------------------------------------------ ridge


def test_ridge_step_is_ridge_regression():
    rng = np.random.default_rng(0)
    phi, surprise = rng.standard_normal((1, S, D)), rng.standard_normal((1, S))
    found = ridge_step(
        torch.from_numpy(phi), torch.from_numpy(surprise), torch.tensor(0.25).double(), torch.full((D,), 3.0).double()
    )
    peer = Ridge(alpha=3.0 / 0.25, fit_intercept=False).fit(phi[0], surprise[0] / 0.25)
    assert found[0].numpy() == pytest.approx(peer.coef_)


def test_ridge_head_by_hand():
    network = RidgeNetwork(torch.zeros(2), hidden=1).double()
    with torch.no_grad():
        network.embedding[0].weight.zero_()
        network.embedding[0].bias.zero_()  # the learned feature is 0: a plain ridge on [1, x]
        network.log_curvature.copy_(torch.tensor(0.25).log())
        network.log_penalty.copy_(torch.tensor([1e9, 2.0, 1.0]).log())
    x, y = torch.tensor([[[2.0], [-2.0]]]).double(), torch.tensor([[1.0, 0.0]]).double()
    context = network.absorb(Shots(x, y, torch.ones(1, 2).double(), torch.zeros(1, 1).double()))
    # sum (y - 1/2) x = 2; c sum x^2 + lambda = 0.25 * 8 + 2
    assert network.answer(context, torch.tensor([[[3.0]]]).double()).item() == pytest.approx(3.0 * 2.0 / 4.0, rel=1e-6)


# ------------------------------------------------------------------ neural process and in-context transformer


@pytest.mark.parametrize("kind", [ProcessNetwork, InContextNetwork])
def test_born_networks_answer_the_pooled_regression(kind):
    network = kind(start(), 8).double()
    x = shots(3).x
    found = network.answer(network.absorb(shots()), x)
    assert found.detach().numpy() == pytest.approx((x @ start()[1:].double() - 1.0).numpy(), abs=1e-6)


@pytest.mark.parametrize("kind", [ProcessNetwork, InContextNetwork])
def test_padding_and_other_queries_take_no_part(kind):
    torch.manual_seed(1)
    network = kind(start(), 8).double()
    with torch.no_grad():
        for p in network.parameters():
            p.add_(0.1 * torch.randn_like(p))
    plain, x = shots(), shots(3, size=Q).x
    padded = Shots(
        torch.cat([plain.x, 9 * torch.ones(B, 2, D).double()], 1),
        torch.cat([plain.y, torch.ones(B, 2).double()], 1),
        torch.cat([plain.mask, torch.zeros(B, 2).double()], 1),
        plain.offset,
    )
    with torch.no_grad():
        own = network.answer(network.absorb(plain), x)
        assert network.answer(network.absorb(padded), x).numpy() == pytest.approx(own.numpy())
        assert network.answer(network.absorb(plain), x[:, 2:3]).numpy() == pytest.approx(own[:, 2:3].numpy())


def test_process_averages_codes_with_pseudo_pairs():
    network = ProcessNetwork(start(), 8).double()
    with torch.no_grad():
        network.pseudo_code.copy_(torch.arange(8.0))
        network.log_pseudo.copy_(torch.tensor(3.0).log())
        plain = shots(tasks=1)
        codes = network.code(plain.x[0], network.surprise(plain)[0], plain.y[0])
        found = network.absorb(plain)[0][0]
    assert found[:-1].numpy() == pytest.approx(((3.0 * torch.arange(8.0) + codes.sum(0)) / (3.0 + S)).numpy())
    assert found[-1].item() == pytest.approx(np.log(1.0 + S))


def test_training_lowers_the_loss_on_tasks_that_need_the_support():
    rng = np.random.default_rng(0)
    pool = []
    for _ in range(13):
        x, q = rng.standard_normal((2, 5, 16, D))
        a = np.sign(rng.standard_normal((5, 1, 1))) * np.array([2.0, 0.0, 0.0])
        y, t = ((x * a).sum(-1) > 0), ((q * a).sum(-1) > 0)
        tensor = lambda v: torch.from_numpy(np.asarray(v, np.float32))  # noqa: E731 -- one line, used five times below
        pool.append(
            SimpleNamespace(
                support=tensor(x),
                support_labels=tensor(y),
                support_mask=torch.ones(5, 16),
                query=tensor(q),
                query_labels=tensor(t),
                query_mask=torch.ones(5, 16),
            )
        )
    torch.manual_seed(0)
    for network in (
        ProcessNetwork(torch.zeros(4), 16),
        InContextNetwork(torch.zeros(4), 16),
        RidgeNetwork(torch.zeros(4), 4),
        MamlNetwork(torch.zeros(4), 4, 1),
    ):
        losses = list(train_network(network, pool, PeerConfig(steps=120, lr=1e-2), seed=0))
        assert losses[0] <= np.log(2) + 0.05
        assert np.mean(losses[-20:]) < 0.6 * np.log(2), type(network)


# ------------------------------------------------------------------ fine-tuning


def test_fine_tuning_moves_a_copy_the_way_adam_does():
    learner = FineTune(hidden=5, epochs=1)
    learner.fit(feature_family()[:2], seed=0)  # two lines: nothing is left out, the default schedule holds
    assert learner.schedule == Schedule(1e-3, (5, 20, 40))
    assert [learner.schedule.steps_for(n) for n in (0, 1, 4, 8, 16, 64, 999)] == [0, 5, 5, 12, 20, 40, 40]
    context = feature_family()[2]
    support = SupportSet(context.features[:11], context.labels[:11])
    copy = learner.adapt(SupportSet(support.features[:0], support.labels[:0])).network
    before = {name: value.clone() for name, value in copy.named_parameters()}
    assert list(tuning(copy, support, 0.3, 1e-3, 1)) == [0, 1]
    moved = torch.cat([(value - before[name]).abs().flatten() for name, value in copy.named_parameters()])
    # Adam's first step is the learning rate against the sign of every gradient that is not zero
    assert moved[moved > 0].numpy() == pytest.approx(1e-3, rel=1e-2)
    assert (moved > 0).any()


def test_how_far_a_support_may_move_the_network_is_chosen_on_left_out_lines(monkeypatch):
    monkeypatch.setattr(finetune, "RATES", (1e-9, 3e-2))
    monkeypatch.setattr(finetune, "SHOTS", (4, 64))
    monkeypatch.setattr(finetune, "CHECKPOINTS", (0, 10, 20))
    learner = FineTune(hidden=5, epochs=1)
    learner.fit(feature_family()[:3], seed=0)  # lines +a, -a, +a: the left-out one has to be learned
    assert learner.schedule.rate == 3e-2
    assert learner.schedule.steps[1] > 0


def test_an_encoder_is_fine_tuned_with_the_head():
    rng, bases = np.random.default_rng(0), 41
    windows = PairWindows(
        rng.integers(0, 4, (31, bases)).astype(np.uint8), rng.integers(0, 5, (29, bases - 4)).astype(np.uint8),
        rng.integers(0, 31, 211), rng.integers(0, 29, 211), np.zeros(31, np.int64), np.zeros(29, np.int64),
    )  # fmt: skip
    view = window_view(windows)
    assert view.shape == (211, 2 * bases - 4)
    assert np.array_equal(view[3, :bases], windows.enhancers[windows.enhancer_index[3]])
    rich = (view[:, :bases] == 1).sum(axis=1)
    labels = (rich > np.median(rich)).astype(np.int8)
    line = LabelledContext("a", "", view, labels, windows.enhancer_index, windows.promoter_index)
    learner = FineTune(lambda: WindowEncoder(PairNetwork(5, 3, 7), bases), hidden=5, epochs=199)
    learner.fit([line, line, line], seed=0)
    before = {name: value.clone() for name, value in learner.network.named_parameters()}
    tuned = learner.adapt(SupportSet(view[:16], labels[:16]))
    for name, value in learner.network.named_parameters():
        assert torch.equal(value, before[name])
    moved = {name for name, value in tuned.network.named_parameters() if not torch.equal(value, before[name])}
    assert {"front.network.enhancer_stem.weight", "front.network.merge.weight", "linear.weight"} <= moved
    assert auroc(labels, learner.predict(tuned, view).logit) > 0.7


# ------------------------------------------------------------------ Gaussian process


def test_two_points_by_hand():
    # K = 4 [[1, r], [r, 1]], r = exp(-d^2 / (2 l^2)); labels 1 and 0 about m = 0: f = (t, -t) by symmetry
    kernel = Kernel(linear=0.0, smooth=2.0, length=1.5, level=0.0)
    x = np.array([[0.0], [1.0]])
    found = laplace(kernel, x, np.array([1.0, 0.0]), np.zeros(2))
    r = np.exp(-1.0 / (2 * 1.5**2))
    low, high = 0.0, 4.0
    for _ in range(60):
        t = (low + high) / 2
        low, high = (t, high) if 4 * (1 - r) * (1 - expit(t)) > t else (low, t)
    assert found.pull == pytest.approx([1 - expit(t), expit(-t) * -1], abs=1e-4)
    mean, variance = posterior(kernel, found, x, np.zeros(2))
    assert mean == pytest.approx([t, -t], abs=1e-3)
    w = expit(t) * (1 - expit(t))
    gram = 4 * np.array([[1, r], [r, 1]])
    exact = np.diag(np.linalg.inv(np.linalg.inv(gram) + w * np.eye(2)))
    assert variance == pytest.approx(exact, abs=1e-3)
    far, wide = posterior(kernel, found, np.array([[1e3]]), np.array([0.7]))
    assert (far[0], wide[0]) == pytest.approx((0.7, 4.0))


def test_laplace_equals_scikit_learn():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((31, D)), rng.integers(0, 2, 31)
    mine = Kernel(linear=1.3, smooth=0.9, length=0.8, level=0.5)
    theirs = (
        ConstantKernel(1.3**2 / D) * DotProduct(sigma_0=0.0, sigma_0_bounds="fixed")
        + ConstantKernel(0.9**2) * RBF(0.8 * np.sqrt(D))
        + ConstantKernel(0.25)
    )
    peer = GaussianProcessClassifier(theirs, optimizer=None).fit(x, y)
    q = rng.standard_normal((Q, D))
    mean, variance = posterior(mine, laplace(mine, x, y.astype(float), np.zeros(31)), q, np.zeros(Q))
    their_mean, their_variance = peer.latent_mean_and_variance(q)
    assert mean == pytest.approx(their_mean, abs=1e-3)
    assert variance == pytest.approx(their_variance, abs=1e-3)


def test_kernel_follows_what_serves_left_out_lines(monkeypatch):
    pooled, alone = Kernel(pooled=1.0, linear=0.2, smooth=0.0), Kernel(pooled=0.0, linear=3.0, smooth=0.0)
    monkeypatch.setattr(gaussian_process, "GRID", (pooled, alone))
    agreeing, opposed = feature_family()[::2], feature_family()[:2] * 2
    for family, wanted in ((agreeing, pooled), (opposed, alone)):
        assert gaussian_process.choose_kernel(family, Standardiser.of(family), seed=0, repeats=2) == wanted


def test_prior_mean_is_the_training_base_rate():
    family = feature_family()[:2]
    standardiser = Standardiser.of(family)
    kernel = Kernel()
    weights = calibrated(kernel, np.array([0.0, 1.0, -1.0, 0.5, 0.0, 0.0]), family, standardiser)
    shares = []
    for context in family:
        x = standardiser.design(context.features)[:, 1:]
        z = (weights[0] + x @ weights[1:]) / np.sqrt(1 + np.pi * kernel.itself(x) / 8)
        shares.append(expit(z).mean())
    assert np.mean(shares) == pytest.approx(base_rate(family), abs=0.01)  # 400 of 601 rows stand for each line


# ------------------------------------------------------------------ TabPFN


def fake_tabpfn(calls):
    class Classifier:
        def __init__(self, **options):
            calls.append(options)

        def fit(self, x, y):
            self.share = float(np.mean(y))
            return self

        def predict_proba(self, x):
            p = np.full(len(x), self.share)
            return np.stack([1 - p, p], axis=1)

    return SimpleNamespace(TabPFNClassifier=Classifier)


def test_tabpfn_without_package_or_weights_says_so(monkeypatch, tmp_path):
    monkeypatch.delenv("METABAM_TABPFN_WEIGHTS", raising=False)
    monkeypatch.setitem(sys.modules, "tabpfn", None)
    with pytest.raises(ConfigError) as found:
        TabPfn().fit(feature_family())
    assert found.value.code == "no-tabpfn"
    monkeypatch.setitem(sys.modules, "tabpfn", fake_tabpfn([]))
    for weights in (None, tmp_path / "absent.ckpt"):
        with pytest.raises(ConfigError) as found:
            TabPfn(weights).fit(feature_family())
        assert found.value.code == "no-tabpfn-weights"


def test_tabpfn_is_called_with_local_weights_and_its_base_rate_is_corrected(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setitem(sys.modules, "tabpfn", fake_tabpfn(calls))
    weights = tmp_path / "model.ckpt"
    weights.touch()
    monkeypatch.setenv("METABAM_TABPFN_WEIGHTS", str(weights))
    learner, family = TabPfn(), feature_family()
    learner.fit(family[:2], seed=5)
    rate = base_rate(family[:2])
    both = [np.flatnonzero(family[2].labels == value)[:8] for value in (0, 1)]
    support = SupportSet(family[2].features[np.concatenate(both)], family[2].labels[np.concatenate(both)])
    found = learner.predict(learner.adapt(support), family[2].features[:3])
    assert calls[-1] == {"model_path": str(weights), "device": "cpu", "n_estimators": 4, "random_state": 5}
    assert found.probability == pytest.approx(rate, abs=0.05)  # the fake says one half, the share of 8 + 8
    one = SupportSet(support.features[:8], support.labels[:8])
    assert learner.predict(learner.adapt(one), family[2].features[:3]).logit == pytest.approx(logit(rate))


def test_tabpfn_itself(tmp_path):
    pytest.importorskip("tabpfn", reason="the package tabpfn is an optional extra")
    with pytest.raises(ConfigError, match="checkpoint"):
        TabPfn(tmp_path / "absent.ckpt").fit(feature_family())
