"""Nothing outside metabam/files can unpickle, evaluate or map."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORBIDDEN_MODULES = {"pickle", "joblib", "dill", "mmap", "shelve", "marshal", "safetensors"}
FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "load_file",
    "save_file",
    "safe_open",
    "memmap",
    "fromfile",
    "tofile",
    "unsafe_load",
    "full_load",
}


def unsafe_calls(source):
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FORBIDDEN_MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            owner = getattr(getattr(function, "value", None), "id", "")
            keywords = {keyword.arg for keyword in node.keywords}
            pickled = (owner, name) in {("torch", "load"), ("torch", "save"), ("yaml", "load")}
            is_method = isinstance(function, ast.Attribute) and name in {"eval", "exec"}  # module.eval() of PyTorch
            if pickled or "allow_pickle" in keywords or (name in FORBIDDEN_CALLS and not is_method):
                found.append(f"{owner}.{name}")
    return found


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import torch; torch.load(x)",
        "import numpy as np; np.load(x, allow_pickle=True)",
        "import yaml; yaml.load(x)",
        "eval('1')",
        "import mmap",
        "from safetensors.torch import load_file",
        "np.memmap(x)",
    ],
)
def test_the_gate_test_sees(line):
    assert unsafe_calls(line)


def test_nothing_outside_the_gate_can_run_code_or_map_a_file():
    places = [*(ROOT / "metabam").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]
    outside = [path for path in places if path.exists() and path.parent != ROOT / "metabam" / "files"]
    assert len(outside) > 10
    found = {str(path.relative_to(ROOT)): unsafe_calls(path.read_text()) for path in outside}
    assert {path: calls for path, calls in found.items() if calls} == {}
