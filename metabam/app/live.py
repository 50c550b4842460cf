"""The first block of Adapt live: where the two tables come from. Everything a user brings stays in this session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from metabam.app import adaptation, cache, session
from metabam.app.adaptation import Loaded
from metabam.app.findings import findings_table
from metabam.app.layout import Scene
from metabam.app.widgets import plain
from metabam.data.limits import QUERY_UPLOAD, SUPPORT

SUPPORT_STATE: Final = "support_state"
QUERY_STATE: Final = "query_state"
DONE: Final = "adaptation"


def _uploader_key(kind: str) -> str:
    """Return a key that changes when the user's data are forgotten, which empties the widget."""
    return f"upload_{kind}_{session.get('forgotten', 0)}"


# ------------------------------------------------------------------ 1 get


def get_block(scene: Scene) -> None:
    """Draw where the two tables come from; the first visit to the demo starts with its first example."""
    supports = [name for name in cache.examples() if name.startswith("support_")]
    if supports and SUPPORT_STATE not in st.session_state and cache.is_bundled(scene.summary.run_id):
        _take_example(supports[0], scene)
    left, right = st.columns(2, gap="large")
    with left:
        _get_support(scene, supports)
    with right:
        _get_queries(scene)


def _methods(scene: Scene, kind: str, methods: list[str]) -> str:
    """Draw the choice of the way in and return it."""
    chosen = st.segmented_control(
        scene.text("live.method"),
        methods,
        key=f"method_{kind}",
        default=methods[0],
        required=True,
        format_func=lambda name: scene.text(f"live.method.{name}"),
        persist_state="session",
    )
    return str(chosen)


def _get_support(scene: Scene, supports: list[str]) -> None:
    st.markdown(f"**{scene.text('live.support')}**", help=scene.text("live.support_help"))
    if not supports:
        st.caption(scene.text("live.no_examples"))
    method = _methods(scene, "support", (["example"] if supports else []) + ["upload", "paste"])
    if method == "example":
        example_picker(scene, "live.example", supports, ("example_support", "use_example"), _take_example)
    elif method == "upload":
        st.file_uploader(
            scene.text("live.upload"),
            key=_uploader_key("support"),
            max_upload_size=1,
            on_change=_take_upload,
            args=("support", scene),
        )
    else:
        st.text_area(scene.text("live.paste"), key="paste_support", height=140, max_chars=SUPPORT.max_bytes)
        st.button(
            scene.text("live.use_paste"), icon=":material/input:", on_click=_take_paste, args=(scene,), key="use_paste"
        )
    st.download_button(
        scene.text("live.template"),
        adaptation.TEMPLATE,
        "metabam_template.tsv",
        "text/tab-separated-values",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        key="template",
    )


def _get_queries(scene: Scene) -> None:
    st.markdown(f"**{scene.text('live.queries')}**", help=scene.text("live.queries_help"))
    names = [name for name in cache.examples() if name.startswith("queries_")]
    method = _methods(scene, "queries", (["example"] if names else []) + ["upload", "none"])
    if method == "example":
        example_picker(scene, "live.example_queries", names, ("example_queries", "use_queries"), _take_queries)
    elif method == "upload":
        st.file_uploader(
            scene.text("live.upload_queries"),
            key=_uploader_key("queries"),
            max_upload_size=20,
            on_change=_take_upload,
            args=("queries", scene),
        )
    elif method == "none":
        session.forget(QUERY_STATE)
    loaded = session.get(QUERY_STATE)
    if isinstance(loaded, Loaded):
        _query_line(scene, loaded)


def _query_line(scene: Scene, loaded: Loaded) -> None:
    """Say what the loaded query table is, and what is wrong with it."""
    report = loaded.result.report
    text = scene.text(
        "live.loaded", name=plain(loaded.name, 60), used=int(loaded.result.usable.sum()), read=report.rows_read
    )
    if loaded.result.refused:
        st.error(text, icon=":material/error:")
        findings_table(scene, loaded)
    else:
        st.caption(f":material/table_rows: {text}")


def example_picker(
    scene: Scene, title: str, names: list[str], keys: tuple[str, str], take: Callable[[str, Scene], None]
) -> None:
    """Draw a choice of bundled tables and the button that takes one; ``keys`` are those of the two widgets."""
    name = st.selectbox(
        scene.text(title),
        names,
        key=keys[0],
        persist_state="session",
        format_func=lambda item: example_title(scene, item),
    )
    st.button(scene.text("live.use_example"), icon=":material/input:", on_click=take, args=(name, scene), key=keys[1])
    if not cache.is_bundled(scene.summary.run_id):
        st.caption(":material/warning: " + scene.text("live.other_world"))


def example_title(scene: Scene, name: str) -> str:
    """Return the readable name of a bundled table."""
    stem = name.removesuffix(".tsv")
    kind, _, line = stem.partition("_")
    if kind == "queries":
        return scene.text("live.example.queries", line=line)
    if line.endswith("_shuffled"):
        return scene.text("live.example.shuffled", line=line.removesuffix("_shuffled"))
    return scene.text("live.example.line", line=line)


def _genome(scene: Scene) -> Any:
    return cache.genome(scene.summary.run_id)


def _take_example(name: str, scene: Scene) -> None:
    """Load an example support, and the queries of the same line where there are some."""
    session.put(SUPPORT_STATE, adaptation.read_support(cache.example(name), name, "example", _genome(scene)))
    line = name.removeprefix("support_").removesuffix(".tsv").removesuffix("_shuffled")
    if f"queries_{line}.tsv" in cache.examples() and session.get("method_queries", "example") == "example":
        session.put("example_queries", f"queries_{line}.tsv")
        _take_queries(f"queries_{line}.tsv", scene)


def _take_queries(name: str, scene: Scene) -> None:
    session.put(QUERY_STATE, adaptation.read_queries(cache.example(name), name, "example", _genome(scene)))


def _take_upload(kind: str, scene: Scene) -> None:
    """Read an uploaded file; its size is judged here on the bytes, whatever the browser let through."""
    file = session.get(_uploader_key(kind))
    if file is None:
        return
    cap = SUPPORT.max_bytes if kind == "support" else QUERY_UPLOAD.max_bytes
    data = file.getvalue()[: cap + 1]
    if kind == "support":
        session.put(SUPPORT_STATE, adaptation.read_support(data, file.name, "upload", _genome(scene)))
    else:
        session.put(QUERY_STATE, adaptation.read_queries(data, file.name, "upload", _genome(scene)))


def _take_paste(scene: Scene) -> None:
    data = str(session.get("paste_support", "")).encode("utf-8", "surrogatepass")
    session.put(SUPPORT_STATE, adaptation.read_support(data, "pasted.tsv", "paste", _genome(scene)))


def forget_all() -> None:
    """Drop everything that the user brought or that was computed from it."""
    session.put("forgotten", int(session.get("forgotten", 0)) + 1)
    for name in list(st.session_state):
        if str(name).startswith(("upload_", "paste_", "rows_", "own_")):
            del st.session_state[name]
    session.put(SUPPORT_STATE, None)
    session.put("candidate_state", None)
    session.forget(
        QUERY_STATE,
        DONE,
        "candidate_features",
        "design_plan",
        "design_check",
        "design_vetoed",
        "support_undo",
        "what_if",
    )
