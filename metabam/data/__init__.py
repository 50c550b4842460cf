"""Part of Meta-BAM."""
