from small import traced


def test_the_number_of_words_says_how_many_links_and_cells_there_are():
    count = traced({"config.words": ("", 4)}).under("config")
    assert count["recurrent_path_length"] == 3
    assert count["score_count"] == 16


def test_at_the_crossover_scores_and_blends_take_as_many_products_as_the_rest():
    d, d_ff = 64, 128
    n = float(traced({"config.d_model": ("", d), "config.d_ff": ("", d_ff)})["config.crossover"])
    assert 2 * n * n * d == 4 * n * d * d + 2 * n * d * d_ff
