import numpy as np
import pytest

from metabam.data.elements import element_identities
from metabam.data.pairs import read_table
from metabam.data.synthetic import simulate
from metabam.data.worldtable import world_table
from metabam.errors import InputError


def test_the_pairs_of_a_world_with_their_names_and_places(tmp_path):
    simulate(tmp_path / "world", 3, training_lines=2, heldout_lines=1, pairs_per_line=211)
    found = world_table(tmp_path / "world")
    written = read_table(tmp_path / "world" / "pairs.tsv", role="training").table
    place = {name: row for row, name in enumerate(found.pair_id.tolist())}
    rows = np.array([place[name] for name in written.pair_id.tolist()])
    for one, two in zip(element_identities(found.take(rows)), element_identities(written), strict=True):
        assert np.array_equal(one, two)
    assert (found.label == -1).all()


def test_a_folder_without_a_world_is_refused(tmp_path):
    with pytest.raises(InputError, match="no planted world"):
        world_table(tmp_path)
