"""The walls of the house: imports go one way, each third-party package has one door, start-up stays light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "metabam"

RANK = {
    "errors": 0,
    "config": 1,
    "files": 1,
    "texts": 1,
    "records": 2,
    "data": 3,
    "model": 3,
    "losses": 4,
    "metrics": 4,
    "learners": 5,
    "train": 6,
    "probe": 6,
    "bench": 6,
    "score": 6,
    "plots": 7,
    "app": 8,
    "notebook": 8,
    "cli": 8,
}
PLOTS_MAY = {"plots", "errors", "records", "texts", "config"}
DOORS = {
    "streamlit": {"app"},
    "altair": {"app", "plots"},
    "plotly": {"plots"},
    "captum": {"probe"},
    "umap": {"probe"},
    "memelite": {"probe"},
    "pyfaidx": {"data"},
    "ipywidgets": {"notebook"},
    "safetensors": {"files"},
    "pydantic": {"config"},
    "pyarrow": {"files", "data"},
    "transformers": {"model"},
    "tokenizers": {"model"},
    "enformer_pytorch": {"model"},
}
IMPORT_NAMES = {
    "scikit-learn": "sklearn",
    "umap-learn": "umap",
    "enformer-pytorch": "enformer_pytorch",
    "pre_commit": "pre_commit",
    "PyYAML": "yaml",
}
NOT_IMPORTED = {"pyarrow": "the engine with which pandas reads and writes Parquet"}


def modules() -> Iterator[Path]:
    return iter(sorted(PACKAGE.rglob("*.py")))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "metabam" if parts == ("__init__",) else parts[0]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the full name and line of every import in a file, those inside functions included."""
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: -node.level]) if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            if name == "metabam":
                for alias in node.names:
                    yield f"metabam.{alias.name}", node.lineno
            else:
                yield name, node.lineno


def own_imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the room and line of every import of our own package."""
    for name, line in imported(path):
        parts = name.split(".")
        if parts[0] == "metabam" and len(parts) > 1 and parts[1] != "__version__":
            yield parts[1], line


def test_every_room_has_a_rank():
    rooms = {room_of(path) for path in modules()} - {"metabam"}
    assert rooms <= set(RANK)
    assert len(rooms) >= 8


def test_imports_go_one_way():
    wrong = []
    for path in modules():
        room = room_of(path)
        if room == "metabam":
            continue
        for other, line in own_imports(path):
            if other != room and not RANK[other] < RANK[room]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} {room} imports {other}")
    assert not wrong, "\n".join(wrong)


def test_plots_know_records_alone():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {other}"
        for path in modules()
        if room_of(path) == "plots"
        for other, line in own_imports(path)
        if other not in PLOTS_MAY
    ]
    assert not wrong, "\n".join(wrong)


def test_no_import_cycle():
    """Modules import each other without a circle; imports inside functions count too, types-only ones do not."""
    graph: dict[str, set[str]] = {}
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in modules()
    }
    for name, path in names.items():
        tree = ast.parse(path.read_text())
        typed = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        targets = set()
        for node in ast.walk(tree):
            if node in typed:
                continue
            if isinstance(node, ast.Import):
                targets |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    targets.add(whole if whole in names else node.module)
        graph[name] = {target for target in targets if target in names and target != name}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert state.get(name) != 1, " -> ".join((*trail, name))
        if name in state:
            return
        state[name] = 1
        for target in sorted(graph[name]):
            visit(target, (*trail, name))
        state[name] = 2

    for name in sorted(graph):
        visit(name, ())


@pytest.mark.parametrize("package", sorted(DOORS))
def test_third_party_packages_have_one_door(package):
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules()
        if room_of(path) not in DOORS[package]
        for name, line in imported(path)
        if name.split(".")[0] == package
    ]
    assert not wrong, f"{package} belongs in {DOORS[package]}: {wrong}"


def test_torch_distributed_is_the_trainers():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules()
        if room_of(path) != "train"
        for name, line in imported(path)
        if name.startswith("torch.distributed")
    ]
    assert not wrong


def test_plots_know_no_torch_and_no_screen():
    for path in modules():
        if room_of(path) == "plots":
            assert not {name.split(".")[0] for name, _ in imported(path)} & {"torch", "streamlit", "pathlib"}, path


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import metabam", ("torch", "pandas", "numpy", "streamlit", "plotly", "sklearn")),
        ("import metabam.cli", ("torch", "pandas", "numpy", "streamlit", "plotly", "sklearn")),
        (
            "import contextlib, metabam.cli\nwith contextlib.suppress(SystemExit): metabam.cli.main(['--help'])",
            ("torch", "pandas", "numpy", "streamlit", "plotly", "sklearn", "umap", "captum"),
        ),
        (
            "import contextlib, metabam.cli as c\nwith contextlib.suppress(SystemExit): c.main(['train', '--help'])",
            ("torch", "pandas", "numpy", "streamlit", "plotly", "sklearn", "umap", "captum"),
        ),
    ],
    ids=["package", "cli", "help", "train-help"],
)
def test_start_up_is_light(code, heavy):
    script = f"{code}\nimport sys\nprint('HEAVY', sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_pages_are_short_and_thin():
    pages = sorted((ROOT / "pages").rglob("*.py"))
    assert pages
    for page in [*pages, ROOT / "app.py"]:
        text = page.read_text()
        assert len(text.splitlines()) <= 80, page
        names = {name.split(".")[0] for name, _ in imported(page)} - {"__future__"}
        assert names <= {"streamlit", "metabam"}, (page, names)


def test_doors_are_identical_and_sections_hold_pages_only():
    doors = sorted((ROOT / "pages").glob("*"))
    files = [door for door in doors if door.is_file()]
    inner = sorted((ROOT / "pages").glob("*/*.py"))
    assert len({door.read_bytes() for door in files}) == 1
    assert {door.suffix for door in files} == {".py"}
    assert len(files) == len(inner) - 1, "one door for each page but the default"
    assert {door.stem for door in files} < {page.stem for page in inner}
    assert not [page for page in inner if page.stem == "__init__"]


# ------------------------------------------------------------------ habits


def sources() -> list[Path]:
    own = [*PACKAGE.rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    own += [*(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "assets").glob("*.py"), ROOT / "app.py"]
    return sorted(own)


def test_files_are_short_and_named_after_what_they_hold():
    banned = {"utils", "util", "helpers", "common", "misc", "tools"}
    for path in sources():
        assert path.stem not in banned, path
        assert len(path.read_text().splitlines()) <= 400, path


def test_habits_of_the_package():
    """No star import, no assert for user errors, no mutable default, no import-time call of torch's global switches."""
    wrong = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                wrong.append(f"{place} star import")
            if isinstance(node, ast.Assert):
                wrong.append(f"{place} assert")
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for default in [*node.args.defaults, *node.args.kw_defaults]:
                    if isinstance(default, ast.List | ast.Dict | ast.Set):
                        wrong.append(f"{place} mutable default")
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} call at import")
    assert not wrong, "\n".join(wrong)


def test_excuses_give_their_reason():
    """A silenced checker or a skipped test says why on the same line, or on the line above."""
    wrong = []
    for path in sources():
        if path == Path(__file__):
            continue
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            silenced = re.search(r"#\s*(type: ignore|noqa)(\[[\w, -]+\]|: [A-Z0-9, ]+)?(.*)$", line)
            above = lines[number - 1].strip() if number else ""
            if silenced and not silenced[3].strip(" -:") and not above.startswith("#"):
                wrong.append(f"{path.relative_to(ROOT)}:{number + 1} {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_nothing_names_a_machine():
    own = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False)
    if own.returncode:
        pytest.skip("not a git checkout: tracked files cannot be listed")
    words = re.compile("|".join(["/" + "root/", "/" + "work/", "/" + "home/", "index" + "-url", "bash" + "_jobs"]))
    wrong = []
    for name in own.stdout.splitlines():
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".txt", ".cfg", ".yaml", ".json", ".ipynb", ".tsv", ""}
            and path.is_file()
        ):
            found = words.search(path.read_text(errors="ignore"))
            if found:
                wrong.append(f"{name}: {found[0]}")
    assert not wrong, "\n".join(wrong)


# ------------------------------------------------------------------ dependencies


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_requirements_equal_the_project():
    declared = [*project()["dependencies"], *project()["optional-dependencies"]["app"]]
    pinned = [
        line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert pinned == declared
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in pinned)


def test_every_dependency_is_pinned_and_used():
    extras = project()["optional-dependencies"]
    assert all("==" in line for lines in extras.values() for line in lines)
    needed = {name.split(".")[0] for path in modules() for name, _ in imported(path)}
    third = needed - set(sys.stdlib_module_names) - {"metabam", "__future__"}
    read = [*project()["dependencies"], *extras["app"], *extras["notebook"], *extras["motifs"], *extras["adapters"]]
    named = {re.split("==", line)[0] for line in read}
    declared = {IMPORT_NAMES.get(name, name) for name in named}
    # Altair and tokenizers come with Streamlit and transformers, which pin the version they use; ipykernel runs the
    # notebooks.
    assert third - {"altair", "tokenizers"} <= declared
    assert declared - third - set(NOT_IMPORTED) - {"ipykernel"} == set()
