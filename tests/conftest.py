"""One thread for every test and every process that a test starts: set before torch is imported anywhere."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
