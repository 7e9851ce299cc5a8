"""A GGUF file that is cut off or changed comes to numbers or to one line, in time and within little memory."""

import struct
import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "models"))

import guarding
from gguf_files import write
from guarding import attempt, limited_memory

from transformer_core.files.gguf_header import read_gguf_header
from transformer_core.pretrained.gguf_file import GgufWeights
from transformer_core.text.gguf_tokenizer import tokenizer_json


@pytest.fixture(scope="module", params=["gpt-2", None], ids=["byte pairs", "sentence pieces"])
def whole(request, tmp_path_factory):
    path = write(tmp_path_factory.mktemp("gguf") / "whole.gguf", type_="Q4_1", pre=request.param)
    return path.read_bytes(), read_gguf_header(path).start


def taken(path):
    """Everything in the file."""
    weights = GgufWeights(path)
    tokenizer_json(weights.header.facts)
    return [weights.take(name) for name in weights.tensors]


def tried(data, path):
    """Return what is read from these bytes, or None if they are refused in a line."""
    path.write_bytes(data)
    with limited_memory(256 * 2**20):
        return attempt(lambda: taken(path))


def refused(data, path):
    path.write_bytes(data)
    with limited_memory(256 * 2**20), pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        taken(path)
    assert guarding.unlike_a_refusal(error.value) == ""
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_file_that_is_cut_off_anywhere_is_refused(whole, tmp_path):
    (data, start), random = whole, Random(1)
    places = [0, 1, 3, 4, 8, 16, 24, start - 1, start, start + 1, len(data) - 1]
    places += [random.randrange(start) for _ in range(80)] + [random.randrange(len(data)) for _ in range(20)]
    for at in places:
        refused(data[:at], tmp_path / "cut.gguf")


def test_bytes_that_are_changed_in_the_header_come_to_numbers_or_to_a_line(whole, tmp_path):
    (data, start), random = whole, Random(2)
    answers = []
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(random.choice([1, 1, 3, 20])):
            at = random.randrange(random.choice([32, 400, start]))
            # Tensors are told behind the long lists of tokens.
            at = random.choice([at, start - 1 - at])
            changed[at] = random.choice([0, 1, 255, random.randrange(256), changed[at] ^ 128])
        answers.append(tried(bytes(changed), tmp_path / "changed.gguf"))
    refusals = sum(answer is None for answer in answers)
    assert 0 < refusals < 400


def test_a_scale_that_is_no_number_is_told_by_its_tensor(whole, tmp_path):
    data, start = whole
    assert "no finite number" in refused(data[:start] + b"\xff" * (len(data) - start), tmp_path / "nan.gguf")


@pytest.mark.parametrize("count", [2**16 + 1, 2**32, 2**63, 2**64 - 1])
def test_counts_in_a_header_allocate_nothing(count, tmp_path):
    text, array = (lambda name: struct.pack("<Q", len(name)) + name), struct.pack("<II", 9, 0)
    start = b"GGUF" + struct.pack("<I", 3)
    for data in (
        struct.pack("<QQ", count, 0),
        struct.pack("<QQ", 0, count),
        struct.pack("<QQQ", 0, 1, count),
        struct.pack("<QQ", 0, 1) + text(b"a") + array + struct.pack("<Q", count),
        struct.pack("<QQ", 1, 0) + text(b"a") + struct.pack("<IQIQ", 1, count, 0, 0),
    ):
        refused(start + data + b"\0" * 4096, tmp_path / "counts.gguf")


def test_arrays_in_arrays_old_versions_and_other_byte_orders_are_refused(tmp_path):
    path = tmp_path / "a.gguf"
    name = struct.pack("<Q", 1) + b"a"
    nested = struct.pack("<QQ", 0, 1) + name + struct.pack("<IIQ", 9, 9, 1) + b"\0" * 64
    assert "an array of type 9" in refused(b"GGUF" + struct.pack("<I", 3) + nested, path)
    assert "version 1" in refused(b"GGUF" + struct.pack("<I", 1) + nested, path)
    assert "order of other machines" in refused(b"GGUF" + struct.pack(">I", 3) + nested, path)


def test_many_tensors_in_the_same_place_allocate_no_more_than_the_file_has(tmp_path):
    infos = b"".join(
        struct.pack("<Q", 4) + f"{at:04}".encode() + struct.pack("<IQIQ", 1, 2**18, 0, 0) for at in range(3000)
    )
    header = b"GGUF" + struct.pack("<IQQ", 3, 3000, 0) + infos
    assert "is cut off or damaged" in refused(header + b"\0" * 2**20, tmp_path / "many.gguf")
