"""One tree of errors: each names what happened, and what the user can do about it.

Every error that a user can cause is a :class:`MetaBamError` with a stable ``code`` (tests and scripts match on it),
one sentence
saying what happened (row, file or field included), one sentence of remedy, and the exit status of the command line.
"""

from __future__ import annotations

from typing import ClassVar


class MetaBamError(Exception):
    """Base of all errors that are shown to users.

    Parameters
    ----------
    code
        Stable identifier in lower-case kebab case, for example ``"fasta-compressed"``.
    message
        What happened, naming the row, file or field.
    remedy
        What to do about it: one sentence or one command.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        self.code = code
        self.message = message
        self.remedy = remedy
        super().__init__(" ".join(part for part in (message, remedy, f"[{code}]") if part))

    def __reduce__(self) -> tuple[type[MetaBamError], tuple[str, str, str]]:
        """Return what rebuilds the error in another process."""
        return (type(self), (self.code, self.message, self.remedy))


class ConfigError(MetaBamError):
    """A setting, flag or configuration field is wrong (exit 2)."""

    exit_code = 2


class LockedError(MetaBamError):
    """Another process holds the run directory (exit 3)."""

    exit_code = 3


class InputError(MetaBamError):
    """A table, sequence or upload is unusable (exit 65)."""

    exit_code = 65


class GenomeError(InputError):
    """A FASTA file, contig or window is unusable (exit 65)."""


class CheckpointError(InputError):
    """Weights, manifest or resume file do not hold what they should (exit 65)."""


class TrainingError(MetaBamError):
    """Training cannot go on: a non-finite loss, too few labels, a lost worker (exit 70)."""

    exit_code = 70


class StorageError(MetaBamError):
    """Writing failed: disk full, folder read-only (exit 74)."""

    exit_code = 74
