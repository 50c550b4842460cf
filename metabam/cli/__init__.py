"""The command line: ``metabam simulate | train | adapt | score | bench | check | draw | app``.

Results go to standard output or ``--out``, progress and warnings to standard error; every error that a user can cause
is one line with a remedy and a code, and its exit status is that of :mod:`metabam.errors`. Nothing heavy is imported
before the command that needs it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from metabam.cli import parser, report
from metabam.errors import MetaBamError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    argv
        Arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        0 done; 2 wrong flag or setting; 3 run held by another process; 65 unusable input; 70 training stopped;
        74 writing failed; 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    output = report.Output(as_json="--json" in words, quiet=os.environ.get("RANK", "0") not in ("", "0"))
    try:
        arguments = parser.parse(words)
        result = arguments.run(arguments, output)
        if result is not None:
            output.result(result)
        sys.stdout.flush()
        return int(getattr(result, "exit_code", 0) or 0)
    except MetaBamError as error:
        output.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.note("interrupted")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
