"""The expert framework's torch parts, one idea a file; ``metabam.learners.expert`` puts them behind the protocol.

Widths: ``D`` pair features, ``d`` = ``ExpertConfig.width``, ``H`` = d / 2 (each of F_common and F_specific).
"""
