"""Writing the beginnings of video frames, as encoders do: as much of them as forwarding reads."""

from __future__ import annotations


class BitWriter:
    """The other side of `media.worker.bits.Bits`."""

    def __init__(self) -> None:
        self._bits = ""

    def put(self, value: int, count: int) -> BitWriter:
        self._bits += f"{value:0{count}b}" if count else ""
        return self

    def golomb(self, value: int) -> BitWriter:
        code = f"{value + 1:b}"
        self._bits += "0" * (len(code) - 1) + code
        return self

    @property
    def data(self) -> bytes:
        padded = self._bits + "0" * (-len(self._bits) % 8)
        return int(padded or "0", 2).to_bytes(len(padded) // 8)


def h264_parameters(width: int, height: int, *, order: int = 0, high: bool = False) -> bytes:
    """Write a sequence parameter set of H.264 for a picture of even size, cropped from whole macroblocks."""
    columns, rows = -(-width // 16), -(-height // 16)
    out = BitWriter().put(100 if high else 0x42, 8).put(0xE0, 8).put(31, 8).golomb(0)
    if high:
        out.golomb(1).golomb(0).golomb(0).put(0, 2)
    out.golomb(0).golomb(order)
    if order == 0:
        out.golomb(2)
    elif order == 1:
        out.put(0, 1).golomb(3).golomb(0).golomb(2).golomb(0).golomb(1)
    out.golomb(1).put(0, 1).golomb(columns - 1).golomb(rows - 1).put(1, 1).put(1, 1)
    right, bottom = (16 * columns - width) // 2, (16 * rows - height) // 2
    if right or bottom:
        out.put(1, 1).golomb(0).golomb(right).golomb(0).golomb(bottom)
    else:
        out.put(0, 1)
    data = out.put(0, 1).put(1, 1).data
    escaped = bytearray()
    for octet in data:
        if octet <= 3 and escaped[-2:] == b"\0\0":
            escaped.append(3)
        escaped.append(octet)
    return b"\x67" + bytes(escaped)


def av1_sequence_header(width: int, height: int, *, still: bool = False, timing: bool = False) -> bytes:
    """Write a sequence header OBU of AV1, without a size of its own."""
    out = BitWriter().put(0, 3).put(still, 1).put(still, 1)
    if still:
        out.put(5, 5)
    else:
        out.put(timing, 1)
        if timing:
            out.put(1, 32).put(30, 32).put(1, 1).golomb(4).put(1, 1).put(9, 5).put(1, 32).put(0, 10)
        out.put(timing, 1).put(2, 5)
        for _ in range(3):
            out.put(0, 12).put(9, 5).put(0, 1)
            if timing:
                out.put(1, 1).put(0, 21).put(1, 1).put(3, 4)
    bits = max(width, height).bit_length()
    out.put(bits - 1, 4).put(bits - 1, 4).put(width - 1, bits).put(height - 1, bits).put(0, 20)
    return b"\x08" + out.data


def vp9_frame(width: int, height: int, *, key: bool = True) -> bytes:
    """Write the uncompressed header of a frame of VP9, profile 0."""
    out = BitWriter().put(2, 2).put(0, 3).put(not key, 1).put(1, 1).put(0, 1)
    if key:
        out.put(0x498342, 24).put(2, 3).put(0, 1).put(width - 1, 16).put(height - 1, 16)
    return out.put(0, 40).data
