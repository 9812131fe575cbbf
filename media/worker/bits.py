"""Numbers of any number of bits, as video codecs write them."""

from __future__ import annotations

#: Zeros before the first one of an Exp-Golomb code: more are no number of 32 bits.
_MAX_ZEROS = 31


class Bits:
    """Reads bits from the first to the last. Raises IndexError beyond the end, and for what is no number."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        """Return the next bits as an unsigned number."""
        if count > self._left:
            raise IndexError("there are no more bits")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """Return the next Exp-Golomb code: ue(v) of H.264 (ITU-T H.264, section 9.1), uvlc() of AV1."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > _MAX_ZEROS:
                raise IndexError("a number of more than 32 bits")
        return (1 << zeros) - 1 + self.read(zeros)
