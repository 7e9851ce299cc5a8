"""Small models of each kind, and their tokenizers: random numbers, for tests alone."""

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = ["the old ship sails home before the storm", "the cat sees the other cat and the cat sleeps",
          "an unbelievable winter and a naïve captain", "rain falls on the lighthouse and on the harbour"]  # fmt: skip


def word_pieces():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.enable_truncation(8)  # as all-MiniLM-L6-v2 has it in its file
    return tokenizer


def byte_pairs():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def sentence_pieces():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=80, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


def bert(size):
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        max_position_embeddings=64)  # fmt: skip
    return transformers.BertModel(config)


def gpt2(size):
    config = transformers.GPT2Config(vocab_size=size, n_embd=48, n_layer=2, n_head=4, n_positions=64, bos_token_id=0,
                                     eos_token_id=0)  # fmt: skip
    return transformers.GPT2LMHeadModel(config)


def llama(size):
    """RMSNorm, a gate, queries and keys turned by their positions, three heads to a key, and no biases."""
    config = transformers.LlamaConfig(
        vocab_size=size, hidden_size=48, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
        intermediate_size=96, max_position_embeddings=64, bos_token_id=0, eos_token_id=0)  # fmt: skip
    return transformers.LlamaForCausalLM(config)


def marian(size):
    config = transformers.MarianConfig(
        vocab_size=size, d_model=32, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=64, decoder_ffn_dim=64,
        encoder_attention_heads=4, decoder_attention_heads=4, max_position_embeddings=48, pad_token_id=0,
        eos_token_id=1, decoder_start_token_id=0, forced_eos_token_id=1)  # fmt: skip
    return transformers.MarianMTModel(config)


MAKERS = {
    "bert": (bert, word_pieces),
    "gpt2": (gpt2, byte_pairs),
    "llama": (llama, byte_pairs),
    "marian": (marian, sentence_pieces),
}


def torch_model():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = torch.nn.Transformer(32, 4, 2, 2, 64, dropout=0.0, batch_first=True).eval()
        return module, torch.randn(80, 32), torch.randn(80, 32), torch.nn.Linear(32, 80)
