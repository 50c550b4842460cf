"""The cases that need more than one read: a model, two tables, an export. One function per case, named as its id."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults import flows_query, flows_support
from tests.faults.lab import Lab

FLOWS: dict[str, Callable[[Lab], None]] = {
    f"{name[5:8].upper()}{name[8:].replace('_', '-')}": function
    for module in (flows_support, flows_query)
    for name, function in sorted(vars(module).items())
    if name.startswith("flow_")
}
"""Id with its slug -> the function that carries it out."""
