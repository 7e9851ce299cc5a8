from scenes.mobjects.rounding import adding_up


def test_a_sum_is_shown_with_as_many_decimals_as_its_parts_need_to_add_up():
    assert adding_up([0.344, 0.344], 0.688) == ".3f"
    assert adding_up([-0.07, 0.10], 0.03) == ".2f"


def test_where_no_number_of_decimals_makes_it_add_up_there_is_no_format():
    assert adding_up([1.0, 1.0], 2.1) == ""
