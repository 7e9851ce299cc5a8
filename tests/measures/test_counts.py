from small import traced


def test_sizes_say_how_many_links_cells_and_rows_there_are():
    sizes = {"words": 4, "output_words": 3, "d_model": 64, "d_ff": 128, "decoder_layers": 2}
    count = traced({f"config.{name}": ("", size) for name, size in sizes.items()}).under("config")
    assert count["recurrent_path_length"] == 3
    assert count["score_count"] == 16
    assert count["rows_cached"] == 4  # three words and the end
    assert count["cache_bytes"] == 2 * 2 * 64 * 4 * 4


def test_at_the_crossover_scores_and_blends_take_as_many_products_as_the_rest():
    d, d_ff = 64, 128
    n = float(traced({"config.d_model": ("", d), "config.d_ff": ("", d_ff)})["config.crossover"])
    assert 2 * n * n * d == 4 * n * d * d + 2 * n * d * d_ff
