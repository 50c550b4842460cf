"""Language-model adapters on tiny random models saved to a folder: pooling, gates of loading, projection, stored form.

What needs the optional extra ``adapters`` is skipped without it; what is refused before it is needed always runs.
"""

import json
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import safetensors.torch
import torch

from metabam.config import EncoderConfig
from metabam.errors import CheckpointError, ConfigError, InputError
from metabam.model.encoders import ContextRows, PairEncoder, load_encoder
from metabam.model.encoders.backbones import check_extra, checked_folder, open_backbone
from metabam.model.encoders.frozen import FrozenEncoder
from metabam.model.encoders.training import turned
from metabam.records import PairWindows
from tests.model.discovery.plant import dna

needs_transformers = pytest.mark.skipif(
    find_spec("transformers") is None, reason="the optional extra 'adapters' (transformers) is not installed"
)
needs_enformer = pytest.mark.skipif(
    find_spec("enformer_pytorch") is None, reason="the optional extra 'adapters' (enformer-pytorch) is not installed"
)
# Packages of the extra warn about their own dependencies when they are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

HYENA = """
import torch
from transformers import PretrainedConfig, PreTrainedModel

class TinyConfig(PretrainedConfig):
    model_type = "tiny_hyena"
    def __init__(self, d_model=11, vocab_size=12, **kwargs):
        self.d_model, self.vocab_size = d_model, vocab_size
        super().__init__(**kwargs)

class TinyModel(PreTrainedModel):
    config_class = TinyConfig
    base_model_prefix = "hyena"
    def __init__(self, config):
        super().__init__(config)
        self.embedding = torch.nn.Embedding(config.vocab_size, config.d_model)
        self.post_init()
    def forward(self, input_ids):
        return (self.embedding(input_ids),)
"""


def pairs(seed=0, n_e=13, n_p=11, count=101):
    rng = np.random.default_rng(seed)
    enhancers, promoters = dna(rng, n_e, 53), dna(rng, n_p, 47)
    windows = PairWindows(
        enhancers, promoters, rng.integers(0, n_e, count), rng.integers(0, n_p, count),
        np.zeros(n_e, np.int64), np.zeros(n_p, np.int64),
    )  # fmt: skip
    contexts = [ContextRows("line", np.arange(count), rng.integers(0, 2, count).astype(np.int8))]
    return windows, contexts


def byte_pairs(folder):
    from tokenizers import Tokenizer, models, processors, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    texts = ["".join(np.array(list("ACGT"))[row]) for row in dna(np.random.default_rng(1), 97, 61)]
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]"]
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=37, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    from transformers import BertConfig, BertForMaskedLM

    folder = tmp_path_factory.mktemp("bert")
    tokenizer = byte_pairs(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = BertForMaskedLM(
            BertConfig(
                vocab_size=tokenizer.get_vocab_size(), hidden_size=12, num_hidden_layers=1, num_attention_heads=3,
                intermediate_size=17, max_position_embeddings=61,
            )
        )  # fmt: skip
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def hyena(tmp_path, monkeypatch):
    import transformers.dynamic_module_utils as dynamic

    monkeypatch.setattr(dynamic, "HF_MODULES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = tmp_path / "tiny_hyena_model"
    folder.mkdir()
    marker = folder.parent / "ran"
    (folder / "modeling_tiny.py").write_text(f"open({str(marker)!r}, 'w').close()\n{HYENA}")
    auto = {"AutoConfig": "modeling_tiny.TinyConfig", "AutoModel": "modeling_tiny.TinyModel"}
    values = {"model_type": "tiny_hyena", "d_model": 11, "vocab_size": 12, "auto_map": auto}
    (folder / "config.json").write_text(json.dumps(values))
    weights = torch.arange(12 * 11, dtype=torch.float32).reshape(12, 11) / 7
    safetensors.torch.save_file({"hyena.embedding.weight": weights}, folder / "model.safetensors")
    return folder, marker, weights


@pytest.fixture(scope="module")
def enformer(tmp_path_factory):
    from enformer_pytorch import Enformer

    folder = tmp_path_factory.mktemp("enformer")
    sizes = {"dim": 24, "depth": 1, "heads": 2, "output_heads": {"human": 3}, "dim_divisible_by": 4}
    sizes |= {"num_downsamples": 3, "attn_dim_key": 6}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Enformer.from_hparams(**sizes)
    (folder / "config.json").write_text(json.dumps(sizes))
    once = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if not any(tensor is other for other in once.values()):
            once[name] = tensor
    safetensors.torch.save_file({k: v.detach().clone() for k, v in once.items()}, folder / "model.safetensors")
    return folder, model.eval()


# ------------------------------------------------------------------ what is refused, with or without the extra


def test_a_missing_extra_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"metabam\[adapters\]"):
        check_extra("dnabert2")


def test_a_folder_must_be_there_and_hold_safetensors(tmp_path):
    with pytest.raises(InputError, match="weights-folder"):
        checked_folder(tmp_path / "none")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(InputError, match="weights-format"):
        checked_folder(tmp_path)
    with pytest.raises(InputError, match="weights-folder"):
        checked_folder(tmp_path / "config.json")


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "elsewhere.safetensors").write_bytes(b"")
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(InputError, match="weights-outside"):
        checked_folder(folder)


def test_an_unknown_model_is_named():
    with pytest.raises(ConfigError, match="dnabert2, hyenadna, enformer"):
        open_backbone("gpt", None)


def test_a_stored_encoder_waits_for_its_weights():
    numbers = {name: np.ones((2, 5), np.float32) for name in ("center", "scale")}
    numbers |= {name: np.ones(3, np.float32) for name in ("mean", "std")}
    shapes = {"enhancer_code": (3, 5), "promoter_code": (3, 5), "merge": (3, 9)}
    tensors = {f"projection.{name}.weight": np.ones(shape, np.float32) for name, shape in shapes.items()}
    tensors |= {f"projection.{name}.bias": np.ones(3, np.float32) for name in shapes}
    description = {"kind": "hyenadna", "digest": "0" * 64, "track_step": 4, "reverse_complement": True}
    encoder = load_encoder({**tensors, **numbers}, description)
    with pytest.raises(InputError, match="--weights"):
        encoder.encode(pairs()[0])


# ------------------------------------------------------------------ DNABERT-2


@needs_transformers
def test_bert_reads_tokens_and_pools_over_letters_alone(bert):
    backbone = open_backbone("dnabert2", bert)
    codes = pairs()[0].enhancers[:3].copy()
    codes[1, :7] = 4
    hidden = backbone.read(codes)
    assert hidden.values.shape[2] == backbone.width == 12
    weight = hidden.weight.numpy()
    for row in range(3):
        places = hidden.place[row]
        assert set(np.flatnonzero(weight[row])) == set(places[places >= 0])
        assert (np.diff(places[places >= 0]) >= 0).all()
    assert (hidden.place[1, :7] == -1).all()
    assert (hidden.place[0] >= 1).all()  # position 0 is [CLS]


@needs_transformers
def test_bert_gives_what_the_library_gives(bert):
    from tokenizers import Tokenizer
    from transformers import BertModel

    codes = pairs()[0].enhancers[:1]
    model = BertModel.from_pretrained(bert, local_files_only=True).eval()
    ids = Tokenizer.from_file(str(bert / "tokenizer.json")).encode("".join(np.array(list("ACGT"))[codes[0]])).ids
    with torch.no_grad():
        expected = model(input_ids=torch.tensor([ids]))[0]
    torch.testing.assert_close(open_backbone("dnabert2", bert).read(codes).values, expected)


@needs_transformers
def test_a_window_longer_than_the_positions_is_refused(bert):
    with pytest.raises(InputError, match="window-length"):
        open_backbone("dnabert2", bert).read(dna(np.random.default_rng(0), 1, 997))


@needs_transformers
def test_the_encoder_is_trained_stored_and_attached_again(bert):
    windows, contexts = pairs()
    config = EncoderConfig(kind="dnabert2", weights=str(bert), n_features=7, epochs=2)
    told = []
    encoder = FrozenEncoder.from_training(windows, contexts, config, seed=0, progress=lambda _, s: told.append(s))
    assert isinstance(encoder, PairEncoder)
    assert told == sorted(told)
    assert told[-1] == 1.0
    z = encoder.encode(windows)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(z.std(axis=0), 1, atol=1e-2)
    again = FrozenEncoder.from_training(windows, contexts, config, seed=0)
    np.testing.assert_array_equal(again.encode(windows), z)
    other = PairWindows(
        turned(windows.enhancers), turned(windows.promoters), windows.enhancer_index, windows.promoter_index,
        windows.enhancer_padding, windows.promoter_padding,
    )  # fmt: skip
    np.testing.assert_allclose(encoder.encode(other), z, atol=1e-4)
    assert encoder.track(windows.take(np.arange(5))).shape == (5, 14 + 12, 7)
    tensors, description = encoder.state()
    stored = load_encoder(tensors, json.loads(json.dumps(description)))
    with pytest.raises(InputError, match="weights-needed"):
        stored.encode(windows)
    np.testing.assert_array_equal(stored.attach(bert).encode(windows), z)


@needs_transformers
def test_other_weights_than_those_of_training_are_refused(bert, tmp_path):
    windows, contexts = pairs()
    config = EncoderConfig(kind="dnabert2", weights=str(bert), n_features=3, epochs=1)
    stored = load_encoder(*FrozenEncoder.from_training(windows, contexts, config).state())
    for item in bert.iterdir():
        (tmp_path / item.name).write_bytes(item.read_bytes())
    tensors = safetensors.torch.load((bert / "model.safetensors").read_bytes())
    name = "bert.embeddings.word_embeddings.weight"
    safetensors.torch.save_file({**tensors, name: tensors[name] + 1}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="weights-other"):
        stored.attach(tmp_path)
    tensors.pop(name)
    safetensors.torch.save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="weights-fit"):
        stored.attach(tmp_path)


# ------------------------------------------------------------------ HyenaDNA


@needs_transformers
def test_code_of_the_folder_runs_only_where_it_was_allowed(hyena):
    folder, marker, weights = hyena
    with pytest.raises(ConfigError, match="--trust-remote-code"):
        open_backbone("hyenadna", folder)
    assert not marker.exists()
    backbone = open_backbone("hyenadna", folder, trust_remote_code=True)
    assert marker.exists()
    codes = np.array([[0, 1, 2, 3, 4]], dtype=np.uint8)
    hidden = backbone.read(codes)
    torch.testing.assert_close(hidden.values[0], weights[7:12])
    assert hidden.weight.tolist() == [[1, 1, 1, 1, 0]]
    assert hidden.place.tolist() == [[0, 1, 2, 3, 4]]


# ------------------------------------------------------------------ Enformer


@needs_enformer
def test_enformer_pads_to_bins_and_gives_what_the_library_gives(enformer):
    folder, model = enformer
    backbone = open_backbone("enformer", folder)
    assert (backbone.width, backbone.bin) == (48, 8)
    codes = dna(np.random.default_rng(0), 2, 37)
    hidden = backbone.read(codes)
    padded = np.full((2, 40), 4, dtype=np.int64)
    padded[:, 1:38] = codes
    with torch.no_grad():
        expected = model(torch.from_numpy(padded), return_only_embeddings=True, target_length=-1)
    torch.testing.assert_close(hidden.values, expected)
    assert hidden.place[0, [0, 6, 7, 36]].tolist() == [0, 0, 1, 4]
    windows, contexts = pairs()
    config = EncoderConfig(kind="enformer", weights=str(folder), n_features=5, epochs=1)
    encoder = FrozenEncoder.from_training(windows, contexts, config)
    z = encoder.encode(windows)
    assert z.shape == (101, 5)
    np.testing.assert_array_equal(load_encoder(*encoder.state()).attach(folder).encode(windows), z)
