"""What measures say of themselves."""

from symmeter.measures import known_measures, parse_measures


def test_every_measure_says_whether_it_is_a_square():
    squares = {m.name for m in known_measures().values() if m.power == 2}
    assert squares == {"lee", "geed", "twirled_variance", "loss_split", "kl_consistency", "js_consistency", "eq_t",
                       "eq_t_frac", "eq_r"}  # fmt: skip
    distances = {
        m.name: m.power for m in parse_measures("geed(l2),geed(euclidean),geed(cosine),geed(01),geed(kl)")
    }
    assert list(distances.values()) == [2, 1, 2, 1, 2]


def test_words_on_how_to_read_a_measure_agree_with_what_it_is():
    for m in known_measures().values():
        assert m.direction.startswith("higher" if m.higher_is_better else "lower"), m.name
