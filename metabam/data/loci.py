"""A table against a genome: contig names, chromosome ends, sequences that disagree, build tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from metabam.data.findings import Findings
from metabam.data.limits import MAX_MISMATCH_SHARE, MAX_N_SHARE
from metabam.data.refusal import shown
from metabam.records import PairTable, Problem, Severity, TextArray

BUILD_COLUMNS = ("genome_build", "build", "assembly")
FINGERPRINT_COLUMN = "genome_fingerprint"

_BUILD_NAMES = {"grch37": "hg19", "hg19": "hg19", "b37": "hg19", "grch38": "hg38", "hg38": "hg38"} | {
    "mm10": "mm10",
    "grcm38": "mm10",
    "mm39": "mm39",
    "grcm39": "mm39",
}
_BUILD_OF_LENGTH = {
    ("1", 249250621): "hg19",
    ("6", 171115067): "hg19",
    ("17", 81195210): "hg19",
    ("22", 51304566): "hg19",
    ("X", 155270560): "hg19",
    ("1", 248956422): "hg38",
    ("6", 170805979): "hg38",
    ("17", 83257441): "hg38",
    ("22", 50818468): "hg38",
    ("X", 156040895): "hg38",
    ("1", 195471971): "mm10",
    ("X", 171031299): "mm10",
    ("1", 195154279): "mm39",
    ("X", 169476592): "mm39",
}
_REFSEQ_BUILD: dict[str, tuple[int, ...]] = {
    "hg19": (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)
}
_REFSEQ_BUILD["hg38"] = tuple(version + 1 for version in _REFSEQ_BUILD["hg19"])


class ReferenceBases(Protocol):
    """The part of a genome that these checks use."""

    @property
    def contigs(self) -> Mapping[str, int]:
        """Contig name -> length in bp."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of contig names and lengths."""
        ...

    def fetch(self, chrom: str, start: int, end: int) -> str:
        """Return exactly ``end - start`` bases in upper case, N outside the contig."""
        ...


def build_of(contigs: Mapping[str, int]) -> str | None:
    """Return the build that chromosome lengths give away (hg19, hg38, mm10, mm39), or ``None``.

    >>> build_of({"chr1": 249250621})
    'hg19'
    """
    builds = {_BUILD_OF_LENGTH.get((name.removeprefix("chr"), length)) for name, length in contigs.items()} - {None}
    return builds.pop() if len(builds) == 1 else None


def contig_aliases(name: str) -> tuple[str, ...]:
    """Return other names of the same chromosome: with and without ``chr``, M / MT, RefSeq accessions.

    >>> contig_aliases("chr7")[:1]
    ('7',)
    """
    bare = name.removeprefix("chr")
    if name.startswith("NC_0000"):
        number = name[7:].split(".")[0]
        index = int(number) if number.isdigit() else 0
        if not 1 <= index <= 24:
            return ()
        bare = {23: "X", 24: "Y"}.get(index, str(index))
    names = [bare, f"chr{bare}"]
    if bare in ("M", "MT"):
        names = ["M", "MT", "chrM", "chrMT"]
    number = {"X": "23", "Y": "24"}.get(bare, bare)
    if number.isascii() and number.isdigit() and 1 <= int(number) <= 24:
        for versions in _REFSEQ_BUILD.values():
            names.append(f"NC_{int(number):06d}.{versions[int(number) - 1]}")
    return tuple(dict.fromkeys(other for other in names if other != name))


def match_contigs(table: PairTable, genome: ReferenceBases, findings: Findings) -> PairTable:
    """Return the table with its chromosomes named as in the genome; refuse rows on contigs that it lacks.

    A name is replaced only where the genome holds exactly one of its aliases and no other name of the table means the
    same contig; a RefSeq accession of another build is not replaced.
    """
    names = list(dict.fromkeys([*table.enhancer_chrom.tolist(), *table.promoter_chrom.tolist()]))
    contigs = genome.contigs
    build = build_of(contigs)
    targets: dict[str, str] = {name: name for name in names if name in contigs}
    for name in names:
        hits = [other for other in contig_aliases(name) if other in contigs]
        if name not in targets and len(hits) == 1 and not _other_build(name, build):
            targets[name] = hits[0]
    shared = [name for name, target in targets.items() if list(targets.values()).count(target) > 1]
    for name in shared:
        if name not in contigs:
            del targets[name]
    renamed = {name: target for name, target in targets.items() if name != target}
    if renamed:
        listed = ", ".join(f"{shown(a)} as {shown(b)}" for a, b in list(renamed.items())[:5])
        findings.whole(Severity.FIXED, "contig-alias", f"contig names read by alias ({len(renamed)}): {listed}.")
    if any(name not in targets for name in names):
        held = ", ".join(list(contigs)[:5]) + ", ..." * (len(contigs) > 5)
        for row in np.flatnonzero(findings.usable).tolist():
            for name in dict.fromkeys((table.enhancer_chrom[row], table.promoter_chrom[row])):
                if name not in targets:
                    message = f"the genome has no contig {shown(name)!r}{' (two names mean it)' * (name in shared)}."
                    remedy = f"It holds {held}: choose the genome of these coordinates."
                    findings.refuse(row, "unknown-contig", message, remedy, "chrom")
    if not renamed:
        return table
    return replace(
        table,
        enhancer_chrom=_renamed(table.enhancer_chrom, renamed),
        promoter_chrom=_renamed(table.promoter_chrom, renamed),
    )


def _renamed(column: TextArray, renamed: Mapping[str, str]) -> TextArray:
    out = np.empty(len(column), dtype=object)
    out[:] = [renamed.get(name, name) for name in column.tolist()]
    return out


def _other_build(name: str, build: str | None) -> bool:
    if not name.startswith("NC_") or build not in _REFSEQ_BUILD:
        return False
    number, _, version = name[3:].partition(".")
    return not version.isdigit() or int(version) != _REFSEQ_BUILD[build][int(number) - 1]


def check_ends(table: PairTable, genome: ReferenceBases, findings: Findings) -> None:
    """Warn about elements that reach past the end of their contig; refuse those that lie more than 25 % outside."""
    for side in ("enhancer", "promoter"):
        chrom, start, end = (getattr(table, f"{side}_{part}") for part in ("chrom", "start", "end"))
        size = np.fromiter((genome.contigs.get(name, -1) for name in chrom), dtype=np.int64, count=len(table))
        beyond = np.flatnonzero((end > size) & (size >= 0) & findings.usable)
        warned: list[int] = []
        for row in beyond.tolist():
            outside = int(end[row] - max(size[row], start[row]))
            if outside > MAX_N_SHARE * (end[row] - start[row]):
                message = f"{outside} of {end[row] - start[row]} bp of the {side} lie past the end of {chrom[row]}."
                findings.refuse(row, "past-end", message, "Other build? Check the genome.", f"{side}_end")
            else:
                warned.append(row)
        message = f"the {side} reaches past the end of its contig and is filled with N"
        findings.note(Severity.WARNING, "padded", warned, message, "", f"{side}_end")


def check_build(table: PairTable, genome: ReferenceBases | None, findings: Findings) -> None:
    """Refuse rows whose build tag or genome fingerprint is another than the genome's; warn where tags differ."""
    tags = next((table.extra[name] for name in BUILD_COLUMNS if name in table.extra), None)
    if tags is not None:
        known = np.array([_BUILD_NAMES.get(tag.casefold(), tag) for tag in tags.tolist()], dtype=object)
        build = None if genome is None else build_of(genome.contigs)
        distinct = sorted({tag for tag in known.tolist() if tag})
        if build is not None:
            for row in np.flatnonzero((known != build) & (known != "")).tolist():
                message = f"this row is tagged {shown(known[row])}, the genome is {build}."
                findings.refuse(row, "other-build", message, "Lift the coordinates over, or choose that genome.")
        elif len(distinct) > 1:
            message = f"the table mixes genome builds: {', '.join(map(shown, distinct[:5]))}."
            findings.whole(Severity.WARNING, "mixed-builds", message, "Use one build.", "genome_build")
    prints = table.extra.get(FINGERPRINT_COLUMN)
    if prints is not None and genome is not None:
        for row in np.flatnonzero((prints != genome.fingerprint) & (prints != "")).tolist():
            message = f"this row was made with genome {shown(prints[row], 12)}, this one is {genome.fingerprint[:12]}."
            findings.refuse(row, "other-genome", message, "Choose the genome that the table was made with.")


def check_bases(table: PairTable, genome: ReferenceBases, findings: Findings) -> None:
    """Refuse rows whose sequence differs from the genome around its element in more than 5 % of the known bases.

    A sequence of another length than its interval is compared centre to centre.
    """
    for side in ("enhancer", "promoter"):
        sequences = getattr(table, f"{side}_seq")
        if sequences is None:
            continue
        chrom, start, end = (getattr(table, f"{side}_{part}") for part in ("chrom", "start", "end"))
        for row in np.flatnonzero(findings.usable).tolist():
            text: str = sequences[row]
            left = int(start[row] + end[row] - len(text)) // 2
            share = mismatch_share(text, genome.fetch(chrom[row], left, left + len(text)))
            if share > MAX_MISMATCH_SHARE:
                message = f"{share:.0%} of the {side} sequence differ from the genome at {chrom[row]}:{start[row]}."
                findings.refuse(row, "other-bases", message, "Other build, or other strand?", f"{side}_seq")


def mismatch_share(first: str, second: str) -> float:
    """Return the share of positions, both known, at which two equally long sequences differ; 0 where none is known."""
    a, b = (np.frombuffer(text.encode("ascii"), dtype=np.uint8) for text in (first, second))
    known = (a != ord("N")) & (b != ord("N"))
    return float(np.mean(a[known] != b[known])) if known.any() else 0.0


def check_orientation(table: PairTable, sites: Mapping[str, Sequence[int]]) -> Problem | None:
    """Return a warning when transcription start sites lie in the enhancers rather than in the promoters.

    Parameters
    ----------
    sites
        Contig -> positions (0-based bp) of transcription start sites.
    """
    held = {"enhancer": 0, "promoter": 0}
    for chrom, positions in sites.items():
        ordered = np.sort(np.asarray(positions, dtype=np.int64))
        for side in held:
            here = getattr(table, f"{side}_chrom") == chrom
            first = np.searchsorted(ordered, getattr(table, f"{side}_start")[here], side="left")
            after = np.searchsorted(ordered, getattr(table, f"{side}_end")[here], side="left")
            held[side] += int(np.sum(after > first))
    if held["enhancer"] <= held["promoter"]:
        return None
    message = f"{held['enhancer']} enhancers but {held['promoter']} promoters hold a transcription start site."
    remedy = "Are the enhancer and promoter columns swapped?"
    return Problem("swapped-elements", Severity.WARNING, message, remedy, None, "enhancer_start")
