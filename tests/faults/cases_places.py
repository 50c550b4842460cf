"""Cases about where a pair lies: contig names, coordinates, windows, builds."""

from __future__ import annotations

from tests.faults.cases import Case, acc, fix, rej, warn
from tests.faults.tables import bedpe, changed, mapped, records, with_column, with_sequences, write

NBSP, ZERO_WIDTH, MINUS = "\u00a0", "\u200b", "\u2212"


def places() -> list[Case]:

    def contig(name: str, rows: range = range(16)) -> bytes:
        return changed({i: {"chrom": name} for i in rows})

    def alias(names: list[str]) -> bytes:
        return changed({i: {"chrom": names[i % len(names)]} for i in range(16)})

    def end(start: int, stop: int) -> bytes:
        return changed(
            {
                3: {
                    "chrom": "chr2",
                    "enhancer_start": str(start),
                    "enhancer_end": str(stop),
                    "promoter_start": "7000",
                    "promoter_end": "7400",
                }
            }
        )

    found = [
        acc("S24-contig-NA", lambda: contig("NA"), holds=("enhancer_chrom", ("NA",))),
        acc(
            "S24-line-None", lambda: mapped("cell_line", lambda cell: "None"), same=True, holds=("cell_line", ("None",))
        ),
        acc("S24-line-nan", lambda: mapped("cell_line", lambda cell: "nan"), same=True, holds=("cell_line", ("nan",))),
        fix("S25-bare-number", "contig-alias", lambda: alias(["1"]), genome=True, same=True),
        fix("S25-refseq", "contig-alias", lambda: alias(["NC_000001.11"]), genome=True, same=True),
        rej("S25-two-names-of-one", "unknown-contig", lambda: alias(["1", "NC_000001.11"]), genome=True),
        rej(
            "S25-mixed-with-own", "unknown-contig", lambda: alias(["1", "chr1"]), genome=True, says="two names mean it"
        ),
        rej(
            "S25-alias-for-some-only",
            "unknown-contig",
            lambda: alias(["1", "7"]),
            genome=True,
            lines=tuple(range(3, 18, 2)),
        ),
        rej("S26-absent-contig", "unknown-contig", lambda: contig("chr9", range(2, 5)), genome=True, lines=(4, 5, 6)),
        rej(
            "S27-start-after-end",
            "empty-interval",
            lambda: changed({2: {"enhancer_start": "9000", "enhancer_end": "8000"}}),
            lines=(4,),
        ),
        rej(
            "S27-start-is-end",
            "empty-interval",
            lambda: changed({2: {"promoter_start": "9000", "promoter_end": "9000"}}),
            lines=(4,),
        ),
        rej("S27-negative", "negative-coordinate", lambda: changed({2: {"enhancer_start": "-5"}}), lines=(4,)),
        rej(
            "S27-bedpe-unplaced",
            "negative-coordinate",
            lambda: bedpe(lambda i: [f"p{i}", str(i % 2)]).replace(b"chr1\t101000\t101400", b".\t-1\t-1"),
            lines=(1,),
        ),
        warn("S28-past-end", "padded", lambda: end(46700, 47050), genome=True, lines=(5,)),
        rej("S28-mostly-outside", "past-end", lambda: end(46800, 47200), genome=True, lines=(5,)),
        rej("S28-all-outside", "past-end", lambda: end(1046800, 1047200), genome=True, lines=(5,)),
        fix(
            "S29-one-based",
            "base",
            lambda: write(
                [r | {k: str(int(r[k]) + 1) for k in ("enhancer_start", "promoter_start")} for r in records()]
            ),
            same=True,
            options={"base": 1},
        ),
        rej(
            "S29-start-zero-in-one-based",
            "base",
            lambda: changed({2: {"enhancer_start": "0"}}),
            options={"base": 1},
            lines=(4,),
        ),
        rej("S29-bedpe-is-zero-based", "base", lambda: bedpe(lambda i: [str(i % 2)]), options={"base": 1}),
        rej(
            "S33-same-element",
            "same-element",
            lambda: changed({2: {"promoter_start": "3000", "promoter_end": "3400"}}),
            lines=(4,),
        ),
        warn(
            "S33-two-chromosomes",
            "two-chromosomes",
            lambda: write(
                [
                    r | {"enhancer_chrom": "chr2" if i == 2 else "chr1", "promoter_chrom": "chr1"}
                    for i, r in enumerate(records())
                ]
            ),
            lines=(4,),
        ),
        warn(
            "S33-far-apart",
            "far-apart",
            lambda: changed({2: {"promoter_start": "20000000", "promoter_end": "20000400"}}),
            lines=(4,),
        ),
        rej(
            "S36-other-bases",
            "other-bases",
            lambda: with_sequences(lambda s: s[1:] + "A"),
            genome=True,
            lines=(5,),
            says="Other build",
        ),
        rej(
            "S37-other-genome",
            "other-genome",
            lambda: with_column("genome_fingerprint", lambda i: "0" * 64),
            genome=True,
        ),
        warn(
            "S37-mixed-builds",
            "mixed-builds",
            lambda: with_column("genome_build", lambda i: "hg19" if i % 3 else "hg38"),
            same=True,
        ),
    ]
    tokens = {
        "thousands": "1,000",
        "exponent": "1e6",
        "fraction": "1.5",
        "hexadecimal": "0x10",
        "underscore": "1_000",
        "2-to-63": "9223372036854775808",
        "23-digits": "9" * 23,
        "plus": "+100",
        "eleven-digits": "10000000000",
    }
    for slug, token in tokens.items():
        code = "coordinate-range" if token.isdigit() else "bad-coordinate"
        found.append(rej(f"S30-{slug}", code, lambda token=token: changed({2: {"enhancer_end": token}}), lines=(4,)))
    foreign = {
        "full-width": ("１２", "U+FF11"),
        "arabic": ("٣٤", "U+0663"),
        "minus": (f"{MINUS}5", "U+2212"),
        "nbsp": (f"3400{NBSP}", "U+00A0"),
        "zero-width": (f"3{ZERO_WIDTH}400", "U+200B"),
    }
    for slug, (token, point) in foreign.items():
        found.append(
            rej(
                f"S31-{slug}",
                "foreign-digit",
                lambda token=token: changed({2: {"enhancer_end": token}}),
                lines=(4,),
                says=point,
            )
        )
    names = [f"chrom{NBSP}", f"enhancer_{ZERO_WIDTH}start", *list(records(1)[0])[2:-1], f"cell_{ZERO_WIDTH}line"]
    found.append(fix("S31-header", "header-invisible", lambda: write(records(), header=names), same=True))
    found.append(
        rej(
            "S31-line-name",
            "invisible-character",
            lambda: changed({2: {"cell_line": f"K{ZERO_WIDTH}562"}}),
            lines=(4,),
            says="U+200B",
        )
    )
    return found
