"""A tokenizer.json that somebody else wrote is read and used in a process with limits: an answer, or one line."""

import gc
import io
import json
import os
import re
import resource
import signal
import sys
from pathlib import Path

import pytest
from small_models import word_pieces

from transformer_core.pretrained.model_registry import open_model
from transformer_core.text import tokenizer as processes
from transformer_core.text import tokenizer_process as cutting_process
from transformer_core.text.subwords import Subwords
from transformer_core.text.vocabulary import SentenceError
from transformer_core.versions import installing

PLAIN = json.loads(word_pieces().to_str())


def replaces(pattern, content):
    return {"type": "Replace", "pattern": pattern, "content": content}


def folder_of(folder, **changes):
    (folder / "tokenizer.json").write_text(json.dumps(PLAIN | changes))
    return folder


def refused(folder, text="the cat"):
    """The line, which comes in time, and alone."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        Subwords(folder, 40).read(text)
    processes.process_of.cache_clear()
    gc.collect()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4.5
    assert str(folder / "tokenizer.json") in str(error.value)
    return str(error.value)


THRICE = {"type": "Sequence", "normalizers": [replaces({"String": "a"}, "a" * 1000)] * 3}
THRICE_Q = json.loads(json.dumps(THRICE).replace("a" * 1000, "q" * 1000).replace('"a"', '"q"'))
DOUBLED = {"type": "Sequence", "normalizers": [replaces({"String": "a"}, "aa")] * 26}


@pytest.mark.parametrize(
    ("text", "said", "changes"),
    [
        ("the cat", "it takes more than 1 GiB of memory", {"normalizer": THRICE}),
        ("the cat", "it takes more than 3 s", {"normalizer": DOUBLED}),
        ("a" * 40 + "!", "Regex search error", {"normalizer": replaces({"Regex": "(a+)+$"}, "b")}),
        ("the cat", "is no tokenizer that can be read: Oniguruma", {"normalizer": replaces({"Regex": "((("}, "b")}),
        ("the cat", "chunk size", {"pre_tokenizer": {"type": "FixedLength", "length": 0}}),
        ("the cat", "is no tokenizer that can be read", {"model": {"type": "Unigram", "unk_id": 7, "vocab": []}}),
    ],
)
def test_a_rule_that_never_ends_or_takes_all_memory_is_one_line(text, said, changes, tmp_path, capfd):
    assert said in refused(folder_of(tmp_path, **changes), text)
    assert capfd.readouterr() == ("", "")
    assert Subwords(folder_of(tmp_path), 40).read("the cat").labels == ("[CLS]", "the", "cat", "[SEP]")


def test_a_text_that_is_refused_leaves_the_next_one_readable(tmp_path):
    tokenizer = Subwords(folder_of(tmp_path, normalizer=THRICE_Q), 40)
    for _ in range(2):
        with pytest.raises(SentenceError, match="1 GiB"):
            tokenizer.read("quick")
        assert tokenizer.read("the cat").labels == ("[CLS]", "the", "cat", "[SEP]")


def test_an_id_beyond_the_table_is_refused_by_its_number(tmp_path):
    around = json.loads(json.dumps(PLAIN["post_processor"]))
    for token in around["special_tokens"].values():
        token["ids"] = [99999]
    line = refused(folder_of(tmp_path, post_processor=around))
    assert "gives this text the id 99999: it has 120 tokens, with ids from 0" in line


@pytest.mark.parametrize(
    ("vocabulary", "said"),
    [
        ({"[UNK]": 0, "a": 2**32 - 1}, "4294967296 tokens: from 1 to 1048576 can be read"),
        ({"[UNK]": 0, "a" * 2**22: 1}, "tokens of more than 4194304 characters together"),
        ({"[UNK]": 0, "a": -1}, "is no tokenizer that can be read"),
        ({"[UNK]": 0, "a": 1.5}, "is no tokenizer that can be read"),
    ],
)
def test_a_table_has_ids_and_pieces_of_bounded_size(vocabulary, said, tmp_path):
    changes = {"model": PLAIN["model"] | {"vocab": vocabulary}, "added_tokens": [], "post_processor": None}
    assert said in refused(folder_of(tmp_path, **changes))


def test_a_vocabulary_beyond_the_rows_of_the_model_is_refused(folders, tmp_path):
    for file in folders["bert"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    token = {"id": 5000, "content": "zq", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    folder_of(tmp_path, added_tokens=[*PLAIN["added_tokens"], token | {"special": True}])
    said = r"the tokenizer has \d+ tokens, the model rows for 120"
    with pytest.raises(ValueError, match=said):
        open_model(tmp_path)


def test_the_same_content_is_read_once_and_its_process_ends_with_it(tmp_path):
    processes.process_of.cache_clear()
    one, other = Subwords(folder_of(tmp_path), 40), Subwords(folder_of(tmp_path), 20)
    process = one.process.process
    assert other.process is one.process
    assert process.poll() is None
    assert resource.prlimit(process.pid, resource.RLIMIT_AS)[0] == 2**30
    assert resource.prlimit(process.pid, resource.RLIMIT_CORE)[0] == 0
    del one, other
    processes.process_of.cache_clear()
    gc.collect()
    assert process.poll() == -signal.SIGKILL


def test_a_fork_reads_by_a_process_of_its_own(tmp_path):
    tokenizer = Subwords(folder_of(tmp_path), 40)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            own = tokenizer.process.process.pid
            status = int(tokenizer.read("the cat").words[1] != "the" or tokenizer.process.process.pid == own)
            tokenizer.process.process.kill()
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert tokenizer.read("the cat").words[1] == "the"


def test_an_interrupt_while_a_text_is_cut_loses_no_answer(tmp_path, monkeypatch):
    tokenizer = Subwords(folder_of(tmp_path), 40)
    first = tokenizer.process.process

    class Interrupted(io.BytesIO):
        def readline(self, _most=-1):
            raise KeyboardInterrupt

    monkeypatch.setattr(first, "stdout", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        tokenizer.read("the cat sees")
    assert first.poll() == -signal.SIGKILL
    assert tokenizer.read("the cat").words == ("[CLS]", "the", "cat", "[SEP]")


def test_the_process_answers_line_by_line_and_imports_nothing_of_this_project():
    data = json.dumps(PLAIN).encode()
    texts = b"".join(json.dumps(one).encode() + b"\n" for one in (["the cat", 40], ["the cat", 3], [3, 3]))
    said = io.BytesIO()
    cutting_process.answer(io.BytesIO(b"%d\n" % len(data) + data + texts), said)
    facts, cut, count, wrong = map(json.loads, said.getvalue().splitlines())
    assert facts["vocabulary"]["the"] == PLAIN["model"]["vocab"]["the"]
    assert "[CLS]" in facts["marks"]
    assert not facts["by_bytes"]
    assert cut["tokens"] == ["[CLS]", "the", "cat", "[SEP]"]
    assert cut["offsets"] == [[0, 0], [0, 3], [4, 7], [0, 0]]
    assert count == {"count": 4}
    assert "error" in wrong
    assert signal.getitimer(signal.ITIMER_PROF) == signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    source = Path(cutting_process.__file__).read_text(encoding="utf-8")
    assert "import transformer_core" not in source
    assert "from transformer_core" not in source


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff", "utf-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"3", "expected"),
        (b"{}", "Model"),
        (b"", "Expecting"),
    ],
)
def test_what_is_no_tokenizer_is_an_answer_too(data, said):
    answers = io.BytesIO()
    cutting_process.answer(io.BytesIO(b"%d\n" % len(data) + data), answers)
    (line,) = answers.getvalue().splitlines()
    assert said in json.loads(line)["error"]
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        processes.TokenizerProcess(data)


def test_a_lack_of_memory_in_python_is_told_by_the_limit():
    assert cutting_process.refused(MemoryError()) == {"error": "it takes more than 1 GiB of memory"}
    assert cutting_process.refused(KeyError()) == {"error": "KeyError"}


def test_without_the_library_the_line_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    processes.process_of.cache_clear()
    with pytest.raises(ValueError, match=re.escape(installing("models"))):
        Subwords(folder_of(tmp_path), 40)
