"""Stillness: coded pictures that say "as before", for the frames of a pause.

Half of a lecture is pauses. Coding the same picture again takes an H.264 encoder as long as coding a moving one, though
all that comes out is a slice in which every macroblock is skipped. Such a slice is twelve bytes, so it is written here:
ITU-T H.264 sections 7.3.3 (slice header), 7.3.4 (slice data, CAVLC) and 8.4.1.1 (motion of skipped macroblocks: none,
where all neighbours stand still). The frame rate stays constant, and any decoder shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

START_CODE = b"\x00\x00\x00\x01"
SEQUENCE_SET, PICTURE_SET = 7, 8
WITH_CHROMA_FORMAT = {
    100,
    110,
    122,
    244,
    44,
    83,
    86,
    118,
    128,
}  # profiles whose sequence set has the fields of 7.3.2.1.1


class Bits:
    """Bits to be read, of a NAL unit's payload."""

    def __init__(self, payload: bytes) -> None:
        plain = payload.replace(b"\x00\x00\x03", b"\x00\x00")
        self._bits = "".join(f"{byte:08b}" for byte in plain)
        self._at = 0

    def take(self, count: int) -> int:
        """u(count)."""
        self._at += count
        return int(self._bits[self._at - count : self._at], 2)

    def golomb(self) -> int:
        """ue(v)."""
        zeros = self._bits.index("1", self._at) - self._at
        self._at += zeros
        return self.take(zeros + 1) - 1


def golomb(value: int) -> str:
    """ue(v) as a string of bits."""
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


@dataclass(frozen=True)
class Syntax:
    """Fields of the sequence and picture parameter sets on which a slice header depends."""

    macroblocks: int
    frame_number_bits: int
    weighted: bool
    deblocking_control: bool

    @classmethod
    def read(cls, headers: bytes) -> Syntax | None:
        """Read an encoder's parameter sets (Annex B); None if its stream is of another kind than is written here."""
        units = {unit[0] & 31: unit[1:] for unit in _units(headers)}
        if SEQUENCE_SET not in units or PICTURE_SET not in units:
            return None
        sequence = _sequence(Bits(units[SEQUENCE_SET]))
        picture = _picture(Bits(units[PICTURE_SET]))
        return cls(*sequence, *picture) if sequence and picture else None

    def unchanged(self, number: int) -> bytes:
        """The picture number `number` since the last key frame, equal to the one before it, in Annex B."""
        bits = golomb(0) + golomb(5) + golomb(0)  # first macroblock, all slices are P, picture parameter set
        bits += f"{number % (1 << self.frame_number_bits):0{self.frame_number_bits}b}"
        bits += "1" + golomb(0)  # one reference picture: the one before
        bits += "0"  # in the usual order
        if self.weighted:
            bits += golomb(0) + golomb(0) + "00"
        bits += "0"  # the oldest reference leaves
        bits += golomb(0)  # slice_qp_delta
        if self.deblocking_control:
            bits += golomb(1)  # no deblocking
        bits += golomb(self.macroblocks) + "1"  # skip all, stop
        bits += "0" * (-len(bits) % 8)
        payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
        return START_CODE + bytes([(2 << 5) | 1]) + _guarded(payload)


def _units(stream: bytes) -> list[bytes]:
    return [unit.rstrip(b"\x00") for unit in stream.split(b"\x00\x00\x01") if unit.rstrip(b"\x00")]


def _guarded(payload: bytes) -> bytes:
    """The payload with emulation prevention (7.4.1)."""
    out = bytearray()
    for byte in payload:
        if byte <= 3 and out[-2:] == b"\x00\x00":
            out.append(3)
        out.append(byte)
    return bytes(out)


def _sequence(bits: Bits) -> tuple[int, int] | None:
    """Macroblocks of a picture and bits of a frame number; None for interlaced or reordered pictures."""
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    if profile in WITH_CHROMA_FORMAT and (bits.golomb(), bits.golomb(), bits.golomb(), bits.take(1), bits.take(1)) != (
        1, 0, 0, 0, 0,
    ):  # fmt: skip
        return None
    frame_number_bits = bits.golomb() + 4
    if bits.golomb() != 2:  # pictures are shown in another order than they are coded in
        return None
    bits.golomb()
    bits.take(1)
    across, down = bits.golomb() + 1, bits.golomb() + 1
    return (across * down, frame_number_bits) if bits.take(1) else None


def _picture(bits: Bits) -> tuple[bool, bool] | None:
    """Return two flags: P slices are weighted, slices control deblocking; None for CABAC or slice groups."""
    if (bits.golomb(), bits.golomb(), bits.take(1)) != (0, 0, 0):
        return None
    bits.take(1)
    if bits.golomb() != 0:
        return None
    bits.golomb(), bits.golomb()
    weighted = bool(bits.take(1))
    bits.take(2)
    bits.golomb(), bits.golomb(), bits.golomb()  # signed, but only passed over
    deblocking_control = bool(bits.take(1))
    bits.take(1)
    return None if bits.take(1) else (weighted, deblocking_control)
