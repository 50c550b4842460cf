"""Published DNA language models, read from a folder that the user names: frozen, offline, safetensors alone.

Nothing outside the folder is opened, and no network is asked. Tensors come through the load gate; the model is built
from its configuration and filled with them, every name and shape checked. Python files in the folder run only where
``trust_remote_code`` was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from metabam.errors import CheckpointError, ConfigError, InputError
from metabam.files import TensorFile, load_foreign, read_bytes, sha256
from metabam.records import ByteArray, IntArray

_LETTERS = np.array(list("ACGTN"))
_TEXT_CAP = 64 << 20
_HYENA_IDS = np.array([7, 8, 9, 10, 11])  # A, C, G, T, N in HyenaDNA's vocabulary; 0 to 6 are its special tokens


class Hidden(NamedTuple):
    """What a model says of elements: ``values`` (n, P, H); ``weight`` (n, P) of each position in the mean.

    ``place`` (n, L) is the position that holds each letter, -1 for none.
    """

    values: Tensor
    weight: Tensor
    place: IntArray


class Backbone(Protocol):
    """A frozen model.

    Attributes
    ----------
    kind
        ``dnabert2``, ``hyenadna`` or ``enformer``.
    width
        H, channels of its last hidden layer.
    digest
        SHA-256 over its configuration and weights.
    """

    kind: str
    width: int
    digest: str

    def read(self, codes: ByteArray) -> Hidden:
        """Return the last hidden layer of elements (n, L) uint8."""
        ...


def open_backbone(kind: str, folder: Path, *, trust_remote_code: bool = False) -> Backbone:
    """Return a model from a folder with ``config.json``, ``*.safetensors`` and what else its kind needs.

    ``dnabert2``: a BERT (or, with ``trust_remote_code``, the published model's own files) and ``tokenizer.json``.
    ``hyenadna``: the published model's own files, with ``trust_remote_code``; letters are its tokens. ``enformer``: the
    trunk of ``enformer_pytorch.Enformer``.

    Raises
    ------
    ConfigError
        ``extra-missing`` without the optional extra ``adapters``; ``remote-code`` where the folder's own code would
        have to run and that was not allowed.
    InputError
        ``weights-folder``, ``weights-outside`` (a link leads out of the folder) or ``weights-format``.
    CheckpointError
        ``weights-fit`` where tensors are missing or have another shape.
    """
    makers: dict[str, Callable[[Path, bool], Backbone]] = {
        "dnabert2": Dnabert2,
        "hyenadna": HyenaDna,
        "enformer": EnformerTrunk,
    }
    if kind not in makers:
        raise ConfigError("unknown-encoder", f"there is no language model {kind!r}.", f"Known: {', '.join(makers)}.")
    check_extra(kind)
    return makers[kind](checked_folder(folder), trust_remote_code)


def check_extra(kind: str) -> None:
    """Raise :class:`ConfigError` ``extra-missing`` unless the packages of an adapter can be imported."""
    from importlib.util import find_spec

    needed = ["transformers", "tokenizers", *(["enformer_pytorch"] if kind == "enformer" else [])]
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise ConfigError(
            "extra-missing",
            f"encoder {kind} needs {', '.join(missing)}, which is not installed.",
            "Install the optional extra: pip install 'metabam[adapters]'.",
        )


def checked_folder(folder: Path) -> Path:
    """Return the real path of a model's folder, once nothing in it leads elsewhere.

    Raises
    ------
    InputError
        ``weights-folder`` where there is none, ``weights-outside`` for a link that leaves it, ``weights-format``
        without ``config.json`` or a safetensors file.
    """
    try:
        root = folder.resolve(strict=True)
    except (OSError, RuntimeError):
        raise InputError("weights-folder", f"there is no folder {folder.name!r}.", "Name it by --weights.") from None
    if not root.is_dir():
        raise InputError("weights-folder", f"{folder.name} is no folder.", "Name the folder that holds the weights.")
    for item in root.rglob("*"):
        if not item.resolve().is_relative_to(root):
            raise InputError(
                "weights-outside", f"{item.name} is a link that leaves the folder.", "Copy the files themselves."
            )
    if not (root / "config.json").is_file() or not any(root.glob("*.safetensors")):
        raise InputError(
            "weights-format",
            f"{folder.name} lacks config.json or a .safetensors file; .bin, .pt and .ckpt can run code, never opened.",
            "Convert offline: safetensors.torch.save_file(torch.load(old, weights_only=True), new).",
        )
    return root


# ------------------------------------------------------------------ the three models


class Dnabert2:
    """DNABERT-2 (doi:10.48550/arXiv.2306.15006): a BERT over byte-pair tokens of DNA."""

    kind = "dnabert2"

    def __init__(self, folder: Path, trust_remote_code: bool) -> None:
        from tokenizers import Tokenizer

        self.model, self.digest = _automatic(folder, trust_remote_code)
        self.width = int(self.model.config.hidden_size)
        text = read_bytes(folder / "tokenizer.json", _TEXT_CAP).decode()
        self.tokenizer = Tokenizer.from_str(text)
        self.tokenizer.no_truncation()
        pad = self.tokenizer.token_to_id("[PAD]")
        self.tokenizer.enable_padding(pad_id=0 if pad is None else pad, pad_token="[PAD]")
        # Without learned positions (ALiBi) a sequence may have any length.
        alibi = hasattr(self.model.config, "alibi_starting_size")
        self.most = None if alibi else getattr(self.model.config, "max_position_embeddings", None)

    def read(self, codes: ByteArray) -> Hidden:
        """Return the last hidden layer (n, tokens, H); special tokens weigh nothing, N at both ends is left out."""
        texts = ["".join(_LETTERS[row]) for row in codes]
        bare = [text.strip("N") for text in texts]
        found = self.tokenizer.encode_batch(bare)
        ids = torch.tensor([item.ids for item in found], dtype=torch.long)
        if self.most is not None and ids.shape[1] > self.most:
            raise InputError(
                "window-length", f"{ids.shape[1]} tokens, but this model reads at most {self.most}.", "Shorter windows."
            )
        mask = torch.tensor([item.attention_mask for item in found], dtype=torch.long)
        special = torch.tensor([item.special_tokens_mask for item in found], dtype=torch.long)
        with torch.no_grad():
            values = self.model(input_ids=ids, attention_mask=mask)[0]
        place = np.full(codes.shape, -1, dtype=np.int64)
        for row, item in enumerate(found):
            lead = len(texts[row]) - len(texts[row].lstrip("N"))
            for token, (start, end) in enumerate(item.offsets):
                if not item.special_tokens_mask[token]:
                    place[row, lead + start : lead + end] = token
        return Hidden(values, (mask * (1 - special)).to(values.dtype), place)


class HyenaDna:
    """HyenaDNA (doi:10.48550/arXiv.2306.15794): one token per letter."""

    kind = "hyenadna"

    def __init__(self, folder: Path, trust_remote_code: bool) -> None:
        self.model, self.digest = _automatic(folder, trust_remote_code)
        config = self.model.config
        self.width = int(getattr(config, "d_model", 0) or config.hidden_size)

    def read(self, codes: ByteArray) -> Hidden:
        """Return the last hidden layer (n, L, H); N weighs nothing."""
        with torch.no_grad():
            values = self.model(input_ids=torch.from_numpy(_HYENA_IDS[codes]))[0]
        place = np.broadcast_to(np.arange(codes.shape[1]), codes.shape)
        return Hidden(values, torch.from_numpy(codes < 4).to(values.dtype), place)


class EnformerTrunk:
    """Enformer's trunk (doi:10.1038/s41592-021-01252-x): convolution, pooling by 128, attention.

    Windows are padded with N on both sides to whole bins of 2 ** num_downsamples bp; the crop of the original is off.
    """

    kind = "enformer"

    def __init__(self, folder: Path, trust_remote_code: bool) -> None:  # noqa: ARG002 - a library's model needs no code
        from enformer_pytorch import Enformer
        from enformer_pytorch.config_enformer import EnformerConfig

        text = read_bytes(folder / "config.json", _TEXT_CAP)
        stated = {k: v for k, v in json.loads(text).items() if k not in ("target_length", "use_checkpointing")}
        with torch.random.fork_rng(devices=[]):
            self.model = Enformer(EnformerConfig(**{**stated, "target_length": -1}))
        self.digest = _fill(self.model, folder, text)
        self.width, self.bin = 2 * int(self.model.config.dim), 2 ** int(self.model.config.num_downsamples)

    def read(self, codes: ByteArray) -> Hidden:
        """Return the trunk's output (n, bins, H); bins without a known letter weigh nothing."""
        length = codes.shape[1]
        # The relative positions of its attention need at least two bins.
        bins = max(2, -(-length // self.bin))
        lead = (bins * self.bin - length) // 2
        padded = np.full((len(codes), bins * self.bin), 4, dtype=np.int64)
        padded[:, lead : lead + length] = codes
        with torch.no_grad():
            values = self.model(torch.from_numpy(padded), return_only_embeddings=True)
        known = (padded.reshape(len(codes), bins, self.bin) < 4).any(axis=2)
        place = np.broadcast_to((lead + np.arange(length)) // self.bin, codes.shape)
        return Hidden(values, torch.from_numpy(known).to(values.dtype), place)


# ------------------------------------------------------------------ loading


def _automatic(folder: Path, trust_remote_code: bool) -> tuple[Any, str]:
    """Return the model of a folder's configuration, filled with its tensors, and the digest of both."""
    from transformers import AutoConfig, AutoModel

    text = read_bytes(folder / "config.json", _TEXT_CAP)
    where = {"trust_remote_code": trust_remote_code, "local_files_only": True}
    try:
        with torch.random.fork_rng(devices=[]):
            config = AutoConfig.from_pretrained(str(folder), **where)
            model = AutoModel.from_config(config, trust_remote_code=trust_remote_code)
    except (ValueError, ImportError, OSError, KeyError) as error:
        if trust_remote_code:
            raise InputError("weights-format", f"the model cannot be built: {error!s:.300}", "Check it.") from error
        raise ConfigError(
            "remote-code",
            "this model is none that the library knows: its folder brings its own Python code, which was not run.",
            "Read that code; if you trust it, add --trust-remote-code.",
        ) from error
    return model, _fill(model, folder, text)


def _fill(model: nn.Module, folder: Path, config: bytes) -> str:
    """Copy the tensors of a folder into a model, freeze it, and return the SHA-256 over configuration and tensors."""
    files = [load_foreign(path) for path in sorted(folder.glob("*.safetensors"))]
    needed: dict[int, tuple[Tensor, list[str]]] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        needed.setdefault(id(tensor), (tensor, []))[1].append(name)
    prefix = str(getattr(model, "base_model_prefix", ""))
    absent = []
    with torch.no_grad():
        for tensor, names in needed.values():
            value = _named(files, [*names, *(f"{prefix}.{name}" for name in names)])
            if value is None or tuple(value.shape) != tuple(tensor.shape):
                absent.append(names[0])
            else:
                tensor.copy_(torch.from_numpy(value))
    # A pooler is not used here, and masked-language checkpoints lack it; counters of batches change no output.
    absent = [name for name in absent if not name.startswith("pooler.") and not name.endswith("num_batches_tracked")]
    if absent:
        raise CheckpointError(
            "weights-fit",
            f"{len(absent)} tensors are missing or of another shape: {', '.join(absent[:4])}.",
            "Use the folder of that very model; a published DNABERT-2 or HyenaDNA needs --trust-remote-code.",
        )
    model.eval().requires_grad_(False)
    return sha256("".join([sha256(config), *(file.sha256 for file in files)]).encode())


def _named(files: Sequence[TensorFile], names: Sequence[str]) -> Any:
    return next((file.tensors[name] for file in files for name in names if name in file.tensors), None)
