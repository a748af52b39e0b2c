"""Mini-program codes (小程序码): an image that says in its metadata what it would open.

The picture only looks like a code; scene and page are in the PNG's text chunks, for tests to
read. WeChat's own image is a JPEG.
"""

import hashlib
import struct
import zlib

CONTENT_TYPE = "image/png"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
USUAL_WIDTH_PIXELS = 430

_MODULES = 24
_BITS_PER_BYTE = 8
_GREYSCALE = 0


def draw_code(scene: str, page: str, width_pixels: int = USUAL_WIDTH_PIXELS) -> bytes:
    """A square PNG of two colours. Scene and page are ASCII."""
    header = struct.pack(">IIBBBBB", width_pixels, width_pixels, 1, _GREYSCALE, 0, 0, 0)
    return PNG_SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", header),
            _chunk(b"tEXt", b"scene\0" + scene.encode("ascii")),
            _chunk(b"tEXt", b"page\0" + page.encode("ascii")),
            _chunk(b"IDAT", zlib.compress(_pixels(f"{page}\n{scene}", width_pixels))),
            _chunk(b"IEND", b""),
        )
    )


def _pixels(text: str, width_pixels: int) -> bytes:
    """Rows of one bit a pixel, each after its filter byte: squares that follow a hash."""
    shade = hashlib.shake_256(text.encode()).digest(_MODULES * _MODULES)
    rows = []
    for y in range(width_pixels):
        row = y * _MODULES // width_pixels * _MODULES
        bits = [shade[row + x * _MODULES // width_pixels] & 1 for x in range(width_pixels)]
        bits += [0] * (-width_pixels % _BITS_PER_BYTE)
        number = int("".join(map(str, bits)), 2)
        rows.append(b"\0" + number.to_bytes(len(bits) // _BITS_PER_BYTE, "big"))
    return b"".join(rows)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
