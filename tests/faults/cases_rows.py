"""Cases about size, labels, sequences and text; and the query table."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.cases import Case, acc, fix, rej, rows, warn
from tests.faults.tables import changed, clean, mapped, records, with_column, with_sequences, write

RTL = "\u202e"
MARKUP = ["<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "$\\href{javascript:alert(1)}{x}$", "</script>"]
FORMULAS = ['=cmd|" /C calc"!A0', "@SUM(1)", "+1", "\t=1", "-2+3", "\uff1d1"]


def size() -> list[Case]:
    return [
        rej("S15-1-row", "support-size", lambda: clean(1)),
        rej("S15-3-rows", "support-size", lambda: clean(3)),
        warn("S15-4-rows", "support-count", lambda: clean(4), says="4 pairs"),
        warn("S15-15-rows", "support-count", lambda: clean(15), says="15 pairs"),
        warn("S15-17-rows", "support-count", lambda: clean(17), says="17 pairs"),
        warn("S15-64-rows", "support-count", lambda: clean(64), says="64 pairs"),
        rej("S15-65-rows", "support-size", lambda: clean(65)),
        rej("S15-300-rows", "too-many-rows", lambda: clean(300)),
        rej("S40-500k-columns", "too-many-columns", lambda: b"a\t" * 500_000 + b"a\n"),
        rej("S41-1000-columns-short-rows", "too-many-columns", lambda: b"a\t" * 999 + b"a\n" + b"1\n" * 200_000),
        rej("S41-one-wide-row", "too-many-columns", lambda: clean() + b"1\t" * 100_000 + b"\n", lines=(18,)),
        rej("S42-10-mb-cell", "too-large", lambda: changed({3: {"cell_line": "x" * 10000000}})),
        rej(
            "S42-10-mb-cell-in-queries",
            "cell-too-long",
            lambda: changed({3: {"cell_line": "x" * 10000000}}),
            slot="query",
            lines=(5,),
        ),
        rej("S43-10-m-rows", "too-large", lambda: b"a,b\n" * 10_000_000),
        rej(
            "S43-5-m-rows-in-queries",
            "too-many-rows",
            lambda: clean().split(b"\n")[0] + b"\n" + b"1\t2\n" * 5_000_000,
            slot="query",
        ),
        rej("S48-5-mib", "too-large", lambda: clean() + b"#" * (5 << 20)),
    ]


def labels() -> list[Case]:

    def words(one: str, zero: str) -> bytes:
        return mapped("label", lambda cell: one if cell == "1" else zero)

    return [
        rej("S16-all-positive", "one-class", lambda: mapped("label", lambda cell: "1")),
        rej("S16-all-negative", "one-class", lambda: mapped("label", lambda cell: "0")),
        warn(
            "S16-override",
            "one-class",
            lambda: mapped("label", lambda cell: "1"),
            options={"allow_one_class": True},
            says="close to the prior",
        ),
        fix("S17-yes-no", "label-vocabulary", lambda: words("Yes", "no"), same=True),
        fix("S17-true-false", "label-vocabulary", lambda: words("TRUE", "FALSE"), same=True),
        fix("S17-float", "label-vocabulary", lambda: words("1.0", "0.0"), same=True),
        fix("S17-pos-neg", "label-vocabulary", lambda: words("pos", "neg"), same=True),
        rej("S18-one-and-true", "mixed-labels", lambda: changed({5: {"label": "TRUE"}})),
        rej("S18-yes-and-positive", "mixed-labels", lambda: words("positive", "no")),
        rej("S19-empty", "empty-label", lambda: changed({5: {"label": ""}, 7: {"label": " "}}), lines=(7, 9)),
        rej("S21-two", "bad-label", lambda: changed({5: {"label": "2"}}), lines=(7,)),
        rej("S21-minus-one", "bad-label", lambda: changed({5: {"label": "-1"}}), lines=(7,)),
        rej("S21-fraction", "bad-label", lambda: changed({5: {"label": "0.7"}}), lines=(7,)),
        warn("S22-repeat", "duplicate-pair", lambda: write([*records(), records()[3]]), same=True, lines=(18,)),
        warn(
            "S22-repeat-across-lines",
            "mixed-contexts",
            lambda: write([*records(), records()[3] | {"cell_line": "HMEC"}]),
        ),
        rej(
            "S23-contradiction",
            "contradiction",
            lambda: write([*records(), records()[3] | {"label": "0"}]),
            lines=(5, 18),
        ),
        rows(
            "S23-training",
            "contradiction",
            lambda: write([*records(), records()[3] | {"label": "0"}]),
            slot="training",
            lines=(5, 18),
        ),
    ]


def sequences() -> list[Case]:

    def n_first(count: int) -> Callable[[str], str]:
        return lambda s: "N" * count + s[count:]

    return [
        acc("S34-lower-case", lambda: with_sequences(str.lower), genome=True),
        rej("S34-rna", "sequence-rna", lambda: with_sequences(lambda s: s.replace("T", "U")), lines=(5,)),
        warn("S34-iupac", "sequence-iupac", lambda: with_sequences(lambda s: "RY" + s[2:]), genome=True, lines=(5,)),
        rej("S34-protein", "sequence-protein", lambda: with_sequences(lambda s: "MKLEP" * 30), lines=(5,)),
        acc("S34-quarter-n", lambda: with_sequences(n_first(100)), genome=True),
        rej("S34-more-than-quarter-n", "sequence-n", lambda: with_sequences(n_first(101)), lines=(5,)),
        fix(
            "S34-blanks-inside",
            "sequence-blanks",
            lambda: with_sequences(lambda s: s[:9] + " " + s[9:]),
            genome=True,
            lines=(5,),
        ),
        rej("S34-fasta-inside", "sequence-fasta", lambda: with_sequences(lambda s: ">" + s), lines=(5,)),
        rej("S34-empty", "empty-sequence", lambda: with_sequences(lambda s: ""), lines=(5,)),
        rej("S35-49-bp", "sequence-short", lambda: with_sequences(lambda s: s[:49]), lines=(5,)),
        rej("S35-over-cell-cap", "cell-too-long", lambda: with_sequences(lambda s: "ACGT" * 65537), lines=(5,)),
    ]


def text() -> list[Case]:

    def names(texts: list[str]) -> bytes:
        return with_column("gene_id", lambda i: '"' + texts[i % len(texts)].replace('"', '""') + '"')

    label = MARKUP[0]
    return [
        acc("S38-formulas", lambda: names(FORMULAS), same=True, holds=("gene_id", tuple(FORMULAS))),
        acc("S39-markup", lambda: names(MARKUP), same=True, holds=("gene_id", tuple(MARKUP))),
        rej("S39-markup-in-message", "bad-label", lambda: changed({5: {"label": label}}), lines=(7,), says=label),
        rej(
            "S39-controls-in-message",
            "bad-label",
            lambda: changed({5: {"label": f"a{RTL}b\x1b[31m"}}),
            lines=(7,),
            says="a<U+202E>b<U+001B>[31m",
        ),
    ] + [
        acc(f"S46-{slug}", clean, name=name, same=True)
        for slug, name in {
            "parent": "../../x.tsv",
            "drive": "C:\\x.tsv",
            "share": "\\\\host\\s",
            "device": "CON.tsv",
            "4-kb": "n" * 4096 + ".tsv",
            "nul": "a\x00b.tsv",
            "rtl": f"a{RTL}vst.exe.tsv",
        }.items()
    ]


def queries() -> list[Case]:
    header = b"chrom\tenhancer_start\tenhancer_end\tpromoter_start\tpromoter_end\n"
    three = changed({i: {"enhancer_start": "x"} for i in (7, 50, 90)}, n=100)
    return [
        rej("Q01-no-rows", "no-rows", lambda: header, slot="query"),
        rej("Q01-zero-bytes", "empty-input", lambda: b"", slot="query"),
        rej(
            "Q02-over-row-limit",
            "too-many-rows",
            lambda: header + b"1\t1\t2\t3\t4\n" * 100_001,
            slot="query",
            says="100,001",
        ),
        rej("Q02-over-size-limit", "too-large", lambda: header + b"1\t1\t2\t3\t4\n" * 2_200_000, slot="query"),
        rows("Q05-3-percent-unusable", "bad-coordinate", lambda: three, slot="query", lines=(9, 52, 92)),
        acc(
            "Q06-duplicate-ids",
            lambda: with_column("pair_id", lambda i: "same"),
            slot="query",
            same=True,
            holds=("pair_id", ("same",)),
        ),
    ]
