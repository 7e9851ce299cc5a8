"""Places of our trace points in the modules of Hugging Face: module, which of its tensors, our name."""


def points(kind):
    """Module of theirs, which of its tensors, and our name for it."""
    if kind.startswith("Bert"):
        start = "" if kind == "BertModel" else "bert."
        return [(f"{start}{path}", *rest) for path, *rest in _bert()] + (_bert_head() if start else _bert_pooler())
    if kind.startswith("GPT2"):
        start = "" if kind == "GPT2Model" else "transformer."
        return [(f"{start}{path}", *rest) for path, *rest in _gpt2()]
    if kind.startswith(("Llama", "Mistral", "Qwen", "Gemma")):
        return [*_llama(kind)]
    return [
        *_marian("encoder", "embed_src"),
        *_marian("decoder", "embed_tgt"),
        ("lm_head", "in", "decoder.1.resid_post"),
    ]


def _bert():
    yield from (
        ("embeddings.word_embeddings", "out", "embed_src.token"),
        ("embeddings.position_embeddings", "out", "embed_src.positional"),
        ("embeddings.token_type_embeddings", "out", "embed_src.token_type"),
        ("embeddings.LayerNorm", "in", "embed_src.sum"),
        ("embeddings.LayerNorm", "out", "embed_src.ln.out"),
        ("embeddings", "out", "embed_src.out"),
    )
    for at in range(2):
        theirs, ours = f"encoder.layer.{at}", f"encoder.{at}"
        for name, letter in (("query", "q"), ("key", "k"), ("value", "v")):
            yield f"{theirs}.attention.self.{name}", "4 heads", f"{ours}.self_attn.{letter}"
        yield f"{theirs}.attention.self", "second", f"{ours}.self_attn.weights"
        yield f"{theirs}.attention.output.dense", "in", f"{ours}.self_attn.concat"
        yield f"{theirs}.attention.output.dense", "out", f"{ours}.self_attn.out"
        yield f"{theirs}.attention.output.LayerNorm", "in", f"{ours}.resid_attn"
        yield f"{theirs}.attention.output.LayerNorm", "out", f"{ours}.ln1.out"
        yield f"{theirs}.intermediate.dense", "out", f"{ours}.ffn.pre"
        yield f"{theirs}.output.dense", "in", f"{ours}.ffn.post"
        yield f"{theirs}.output.dense", "out", f"{ours}.ffn.out"
        yield f"{theirs}.output.LayerNorm", "in", f"{ours}.resid_ffn"
        yield f"{theirs}.output.LayerNorm", "out", f"{ours}.ln2.out"
        yield theirs, "out", f"{ours}.resid_post"


def _bert_pooler():
    return [("pooler.dense", "out", "pooler.pre"), ("pooler", "out", "pooler.out")]


def _bert_head():
    return [
        ("cls.predictions.transform.dense", "out", "output.pre"),
        ("cls.predictions.transform.LayerNorm", "in", "output.post"),
        ("cls.predictions.transform", "out", "output.ln.out"),
    ]


def _gpt2():
    yield "wte", "out", "embed_tgt.token"
    yield "wpe", "out", "embed_tgt.positional"
    for at in range(2):
        theirs, ours = f"h.{at}", f"decoder.{at}"
        yield theirs, "in", f"{ours}.resid_pre"
        yield f"{theirs}.ln_1", "out", f"{ours}.ln1.out"
        for third, letter in enumerate("qkv"):
            yield f"{theirs}.attn.c_attn", f"third {third}", f"{ours}.self_attn.{letter}"
        yield f"{theirs}.attn", "second", f"{ours}.self_attn.weights"
        yield f"{theirs}.attn.c_proj", "in", f"{ours}.self_attn.concat"
        yield f"{theirs}.attn.c_proj", "out", f"{ours}.self_attn.out"
        yield f"{theirs}.ln_2", "in", f"{ours}.resid_attn"
        yield f"{theirs}.ln_2", "out", f"{ours}.ln2.out"
        yield f"{theirs}.mlp.c_fc", "out", f"{ours}.ffn.pre"
        yield f"{theirs}.mlp.c_proj", "in", f"{ours}.ffn.post"
        yield f"{theirs}.mlp.c_proj", "out", f"{ours}.ffn.out"
        yield theirs, "out", f"{ours}.resid_post"
    yield "ln_f", "out", "decoder.final_norm.out"


def _llama(kind):
    keys = 6 if kind.startswith("Mistral") else 1 if "one key head" in kind else 2
    if not kind.startswith("Gemma"):  # it scales inside of its embedding
        yield "model.embed_tokens", "out", "embed_tgt.token"
    for at in range(2):
        theirs, ours = f"model.layers.{at}", f"decoder.{at}"
        yield theirs, "in", f"{ours}.resid_pre"
        yield f"{theirs}.input_layernorm", "out", f"{ours}.ln1.out"
        for letter, count in (("q", 6), ("k", keys), ("v", keys)):
            yield f"{theirs}.self_attn.{letter}_proj", f"{count} heads", f"{ours}.self_attn.{letter}"
            if kind.startswith("Qwen3") and letter != "v":
                yield f"{theirs}.self_attn.{letter}_norm", "turned heads", f"{ours}.self_attn.{letter}_norm.out"
        yield f"{theirs}.self_attn", "rotated 0", f"{ours}.self_attn.q_rotated"
        yield f"{theirs}.self_attn", "rotated 1", f"{ours}.self_attn.k_rotated"
        yield f"{theirs}.self_attn", "second", f"{ours}.self_attn.weights"
        yield f"{theirs}.self_attn.o_proj", "in", f"{ours}.self_attn.concat"
        yield f"{theirs}.self_attn.o_proj", "out", f"{ours}.self_attn.out"
        yield f"{theirs}.post_attention_layernorm", "in", f"{ours}.resid_attn"
        yield f"{theirs}.post_attention_layernorm", "out", f"{ours}.ln2.out"
        yield f"{theirs}.mlp.gate_proj", "out", f"{ours}.ffn.gate_pre"
        yield f"{theirs}.mlp.act_fn", "out", f"{ours}.ffn.gate"
        yield f"{theirs}.mlp.up_proj", "out", f"{ours}.ffn.pre"
        yield f"{theirs}.mlp.down_proj", "in", f"{ours}.ffn.post"
        yield f"{theirs}.mlp.down_proj", "out", f"{ours}.ffn.out"
        yield theirs, "out", f"{ours}.resid_post"
    yield "model.norm", "out", "decoder.final_norm.out"


def _marian(stack, embedding):
    yield f"model.{stack}.embed_tokens", "out", f"{embedding}.token"
    yield f"model.{stack}.embed_positions", "out", f"{embedding}.positional"
    for at in range(2):
        theirs, ours = f"model.{stack}.layers.{at}", f"{stack}.{at}"
        sublayers = [("self_attn", "self_attn", "resid_attn")]
        if stack == "decoder":
            sublayers.append(("encoder_attn", "cross_attn", "resid_cross"))
        yield theirs, "in", f"{ours}.resid_pre"
        for number, (name, part, total) in enumerate(sublayers, 1):
            for letter in "qkv":
                yield f"{theirs}.{name}.{letter}_proj", "4 heads", f"{ours}.{part}.{letter}"
            yield f"{theirs}.{name}", "second", f"{ours}.{part}.weights"
            yield f"{theirs}.{name}.out_proj", "in", f"{ours}.{part}.concat"
            yield f"{theirs}.{name}.out_proj", "out", f"{ours}.{part}.out"
            yield f"{theirs}.{name}_layer_norm", "in", f"{ours}.{total}"
            yield f"{theirs}.{name}_layer_norm", "out", f"{ours}.ln{number}.out"
        yield f"{theirs}.fc1", "out", f"{ours}.ffn.pre"
        yield f"{theirs}.fc2", "in", f"{ours}.ffn.post"
        yield f"{theirs}.fc2", "out", f"{ours}.ffn.out"
        yield f"{theirs}.final_layer_norm", "in", f"{ours}.resid_ffn"
        yield f"{theirs}.final_layer_norm", "out", f"{ours}.ln{len(sublayers) + 1}.out"
        yield theirs, "out", f"{ours}.resid_post"
