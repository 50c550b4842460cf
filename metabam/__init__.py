"""Meta-BAM: does an enhancer touch a promoter in a cell line never seen, from 16 labelled pairs and DNA alone."""

__version__ = "0.1.0"
