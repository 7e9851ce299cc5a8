"""Turn text into token ids and back: words of a fixed vocabulary, or subwords of a tokenizer.json."""
