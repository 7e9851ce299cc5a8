"""The names that tensors had until release 2, for traces that were saved under them. To be removed in release 3."""

import re

#: The last part of a name, old=new.
_LAST = dict(
    pair.split("=")
    for pair in """
    addition_lengths=contribution_norms all_places=position_table alone=per_position
    alone_difference=per_position_difference arrived=trainings_that_solved askers=queries bought=share_of_gain
    breadth=effective_keys comparisons=score_count cost=ablation_effect
    earned=role_threshold entry_reach=query_sensitivity favourites=top_keys
    fixed_shares_gap=fixed_weights_gap from_zeros_length=from_zeros_norm gained=scaled_by_gain
    gold_hits=alignment_hits good_until=longest_solved hand_count=sin_cos_pairs
    hand_turns=table_degrees_per_position head_lengths=head_norms hops=recurrent_path_lengths
    journey=residual_path journey_explained=residual_path_explained k_length=k_norm learned_since=learned_onset
    learned_stride=largest_rise_in_doubling likeness=cosine_with_other
    likenesses=position_products likenesses_spread=position_products_spread links=recurrent_path_length
    looks=mean_weights mean_own=mean_self_attention moved_change=exchange_change
    moved_difference=permutation_difference moved_each=permutation_difference_by_row
    moved_most=largest_exchange_change named_heads=heads_with_a_role pattern_answers=pattern_keys
    pattern_askers=pattern_queries place_hands=table_sin_cos place_numbers=position_numbers
    places=top_key_numbers pull=weighted_value_norm push=score_gradient
    push_difference=score_gradient_difference q_length=q_norm q_sums=q_partial_sums reach=token_sensitivity
    reached=sensitive_pairs reached_heads=sensitive_heads root_d_head=sqrt_d_head
    settled=score_of_final_head since=onset stream_lengths=residual_norms
    strides=abrupt_lines sums=partial_dot taken_from_others=share_from_other_tokens tally=residual_sums
    tally_difference=residual_sums_difference ticks=tokens_read tops=is_top_key turned_by=angle_first_last
    turns_back=backward_jumps
    watched_hits=checkpoint_hits watched_losses=checkpoint_losses watched_true=checkpoint_true_probs
    winners=chosen_probs word_likeness=cosine_with_words zeroed_after=post_softmax_mask
    zeroed_leak=post_softmax_mask_leak zeroed_sums=post_softmax_mask_sums
    """.split()
)
_BEFORE = {
    "other.unplaced.": "other.no_positions.",
    "other.turned.": "other.exchanged.",
    "attending_lstm.": "lstm_with_attention.",
    "apart.": "diff.",
}
_BEGINNING = re.compile("|".join(rf"(?<![^.]){re.escape(old)}" for old in _BEFORE))


def renamed(name: str) -> str:
    """Today's name of a tensor that was saved as `name`.

    >>> renamed("other.unplaced.encoder.0.self_attn.looks")
    'other.no_positions.encoder.0.self_attn.mean_weights'
    """
    prefix, dot, last = _BEGINNING.sub(lambda found: _BEFORE[found[0]], name).rpartition(".")
    return f"{prefix}{dot}{_LAST.get(last, last)}"
