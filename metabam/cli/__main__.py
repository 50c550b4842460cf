"""Let ``python -m metabam.cli`` do what ``metabam`` does."""

import sys

from metabam.cli import main

if __name__ == "__main__":
    sys.exit(main())
