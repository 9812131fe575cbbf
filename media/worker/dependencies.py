"""The dependency descriptor (AV1 RTP specification, appendix A): a header extension that tells of temporal layers.

https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
"""

from __future__ import annotations

import attrs

from media.worker.bits import Bits
from media.worker.picture import HIGHEST, Picture

#: Templates have numbers of six bits.
_TEMPLATES = 64
#: A decode target indication: what follows for that target depends on nothing before.
_SWITCH = 2
_MANDATORY = 3


@attrs.frozen
class Structure:
    """What a keyframe says of the frames that follow: their temporal layers, and whether one may go up from them."""

    first: int
    layers: tuple[tuple[int, bool], ...]


class Dependencies:
    """Adds to the pictures of one stream what its dependency descriptors say; they rest on what was said before."""

    def __init__(self) -> None:
        self._structure: Structure | None = None

    def describe(self, picture: Picture, descriptor: bytes) -> Picture:
        """Return ``picture`` with its temporal layer; as it is, where the descriptor does not tell."""
        if len(descriptor) < _MANDATORY:
            return picture
        custom = False
        if len(descriptor) > _MANDATORY:
            flags = descriptor[_MANDATORY]
            custom = bool(flags & 0x20)
            if flags & 0x80:
                self._structure = read_structure(descriptor)
        if self._structure is None:
            return picture
        number = ((descriptor[0] & 0x3F) - self._structure.first) % _TEMPLATES
        if number >= len(self._structure.layers):
            return picture
        layer, up = self._structure.layers[number]
        return picture._replace(begins=bool(descriptor[0] & 0x80), layer=layer, up=up and not custom)


def read_structure(descriptor: bytes) -> Structure | None:
    """Read the template dependency structure of a descriptor that has one; None if it is cut off."""
    bits = Bits(descriptor[_MANDATORY:])
    try:
        bits.read(5)
        first, targets = bits.read(6), bits.read(5) + 1
        layers: list[int] = []
        layer = 0
        while len(layers) < _TEMPLATES:
            layers.append(min(layer, HIGHEST))
            following = bits.read(2)
            if following == 3:
                break
            layer = layer + 1 if following == 1 else 0 if following == 2 else layer
        # the last target is of all layers
        ups = [bits.read(2 * targets) & 0x03 == _SWITCH for _ in layers]
    except IndexError:
        return None
    return Structure(first, tuple(zip(layers, ups, strict=True)))
