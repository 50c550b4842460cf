"""Cases about the file itself: encoding, separators, layout, and formats that are no table."""

from __future__ import annotations

from tests.faults import binaries, tables
from tests.faults.cases import Case, acc, ask, fix, rej
from tests.faults.tables import bedpe, changed, clean, records, with_column, write


def encoding() -> list[Case]:
    text = clean().decode()
    latin = with_column("gene_id", lambda i: f"gene{i}").replace(b"gene5", b"g\xe8ne5")
    mixed = text.replace("\n", "\r\n", 5)[:-1] + "\r"
    return [
        rej("S01-zero-bytes", "empty-input", lambda: b""),
        rej("S01-blanks-only", "empty-input", lambda: b" \n\n"),
        rej("S02-header-only", "no-rows", lambda: write(records(1), header=None).split(b"\n")[0] + b"\n"),
        acc("S03-bom", lambda: b"\xef\xbb\xbf" + clean(), same=True),
        fix("S04-utf16-le", "utf-16", lambda: b"\xff\xfe" + text.encode("utf-16-le"), same=True),
        fix("S04-utf16-be", "utf-16", lambda: b"\xfe\xff" + text.encode("utf-16-be"), same=True),
        rej("S04-utf16-unmarked", "nul-byte", lambda: text.encode("utf-16-le")),
        rej("S04-utf16-cut", "bad-encoding", lambda: (b"\xff\xfe" + text.encode("utf-16-le"))[:-1]),
        rej("S05-latin1", "bad-encoding", lambda: latin, lines=(7,), says=f"byte {latin.index(232)} (0xE8)"),
        rej("S06-nul", "nul-byte", lambda: clean().replace(b"\t1000\t", b"\t1000\x00\t"), lines=(2,)),
        acc("S07-crlf", lambda: clean().replace(b"\n", b"\r\n"), same=True),
        acc("S07-cr", lambda: clean().replace(b"\n", b"\r"), same=True),
        acc("S07-mixed", lambda: mixed.encode(), same=True),
    ]


def layout() -> list[Case]:
    long = clean().replace(b"\tK562\n", b"\tK562\textra\n")
    decimal = changed({2: {"enhancer_start": "3000,5"}}).replace(b"\t", b";")
    return [
        fix("S08-semicolon", "separator", lambda: clean().replace(b"\t", b";"), name="t.csv", same=True),
        rej("S08-decimal-comma", "bad-coordinate", lambda: decimal, name="t.csv", lines=(4,)),
        fix("S09-tabs-in-csv", "separator", clean, name="t.csv", same=True),
        fix("S09-commas-in-tsv", "separator", lambda: clean().replace(b"\t", b","), same=True),
        rej("S10-all-rows-longer", "shifted-columns", lambda: long),
        rej("S11-one-row-longer", "row-too-long", lambda: changed({4: {"cell_line": "K\t562"}}), lines=(6,)),
        rej("S12-one-row-shorter", "row-too-short", lambda: clean().replace(b"\t1\tK562\n", b"\t1\n", 1), lines=(3,)),
        rej(
            "S13-duplicate-column",
            "duplicate-column",
            lambda: write([r | {"labe1": "1"} for r in records()]).replace(b"labe1", b"label"),
        ),
        rej("S14-unclosed-quote", "unclosed-quote", lambda: changed({9: {"cell_line": '"K562'}}), lines=(11,)),
        rej("S14-stray-quote", "bad-quote", lambda: changed({9: {"cell_line": '"K5"62'}}), lines=(11,)),
        fix("S54-blank-tail", "blank-lines", lambda: clean() + b"\n \n\t\t\t\t\t\t\n", same=True),
        fix("S54-trailing-separator", "trailing-separator", lambda: clean().replace(b"\n", b"\t\n"), same=True),
        fix("S54-padded-cells", "padded-cells", lambda: clean().replace(b"\t", b" \t "), same=True),
        fix(
            "S53-score-answered",
            "score-as-label",
            lambda: bedpe(lambda i: [f"p{i}", "940" if i % 2 else "60"]),
            same=True,
            options={"answers": {"score-as-label": "500"}},
        ),
        rej(
            "S53-answer-no-number",
            "score-cut",
            lambda: bedpe(lambda i: [f"p{i}", "940"]),
            options={"answers": {"score-as-label": "high"}},
        ),
        fix(
            "S55-no-header-answered",
            "no-header",
            lambda: write(records(), header=()),
            same=True,
            options={"answers": {"no-header": "standard"}},
        ),
        ask("S55-no-header", "no-header", lambda: write(records(), header=())),
        fix(
            "S56-aliases",
            "alias",
            lambda: write(records(), header=["Chr", "start1", "END1", "Promoter Start", "end2", "Class", "cell type"]),
            same=True,
        ),
        rej("S56-two-aliases", "two-aliases", lambda: write([r | {"class": "1"} for r in records()])),
        rej("S52-six-columns", "missing-columns", lambda: bedpe(lambda i: [])),
        fix("S52-seven-columns", "bedpe", lambda: bedpe(lambda i: [str(i % 2)]), same=True),
        fix("S52-eight-columns", "bedpe", lambda: bedpe(lambda i: [f"p{i}", str(i % 2)]), same=True),
        fix("S52-ten-columns", "bedpe", lambda: bedpe(lambda i: [f"p{i}", str(i % 2), ".", "."]), same=True),
        fix(
            "S52-twelve-columns", "bedpe", lambda: bedpe(lambda i: [f"p{i}", "7", "+", "-", str(i % 2), "x"]), same=True
        ),
        fix(
            "S52-comments",
            "comment-lines",
            lambda: bedpe(
                lambda i: [f"p{i}", str(i % 2)], before="track name=x\nbrowser position chr1\n# made by hand\n"
            ),
            same=True,
            says="skipped (3)",
        ),
        rej("S52-constant-name", "missing-columns", lambda: bedpe(lambda i: [f"p{i}", "."])),
        ask("S53-score", "score-as-label", lambda: bedpe(lambda i: [f"p{i}", str(60 * i)])),
        ask(
            "S53-named-score",
            "score-as-label",
            lambda: write([{k: v for k, v in r.items() if k != "label"} | {"score": "940"} for r in records()]),
        ),
    ]


def types() -> list[Case]:
    plain = {
        "xlsx": ("an Excel workbook", binaries.xlsx),
        "zip": ("a zip archive", binaries.archive),
        "gzip": ("a gzip archive", lambda: binaries.packed(clean())),
        "parquet": ("a Parquet file", binaries.parquet),
        "pdf": ("a PDF document", lambda: b"%PDF-1.7\n" + bytes(200)),
        "png": ("a PNG picture", binaries.png),
    }
    text = {
        "fasta": ("not-a-table", "a FASTA file", lambda: tables.genome_text()[:5000].encode()),
        "gtf": ("not-a-table", "a GTF", lambda: b'chr1\thavana\texon\t11\t22\t.\t+\t.\tgene_id "g"; exon 1\n' * 3),
        "bed3": ("not-a-table", "a BED file", lambda: b"chr1\t11\t22\nchr1\t33\t44\n"),
        "json": ("not-a-table", "--fingerprint", lambda: b'{"mean": [0.5]}'),
        "html": ("not-a-table", "web page", lambda: b"<!DOCTYPE html><html><table></table></html>"),
        "safetensors": ("not-text", "--run", binaries.checkpoint),
        "pickle": ("not-text", "--run", binaries.torch_file),
    }
    return (
        [rej(f"S44-{slug}", "not-text", make, name="t.csv", says=what) for slug, (what, make) in plain.items()]
        + [rej("S45-gzip-bomb", "not-text", lambda: binaries.packed(bytes(200 << 20)), says="gzip")]
        + [rej("S47-exe", "not-text", lambda: b"MZ\x90\x00" + bytes(300), says="a Windows program")]
        + [rej(f"S51-{slug}", code, make, says=says) for slug, (code, says, make) in text.items()]
    )
