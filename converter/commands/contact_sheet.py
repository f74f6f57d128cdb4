"""Small pictures side by side on one page, each with what was predicted; mistakes are framed and listed first."""
from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lite.types import Array

_COLUMNS = 24
_PICTURE = 40  # pixels a picture is wide and high
_LINE = 12
_CAPTION = 2 * _LINE + 2
_GAP = 6
_HEADER = 28
_PAPER, _INK, _FADED, _ALARM = (255, 255, 255), (40, 40, 40), (130, 130, 130), (214, 39, 40)


def contact_sheet(images: Array, labels: Sequence[int], predictions: Sequence[int], title: str) -> bytes:
    """A PNG of all images with their predictions, wrong ones in red with what they are: `read 5` over `is 9`.

    images: uint8 [N,H,W], 0 dark to 255 bright. labels, predictions: one an image.
    """
    wrong = [i for i, (label, found) in enumerate(zip(labels, predictions, strict=True)) if label != found]
    right = [i for i in range(len(labels)) if i not in set(wrong)]
    rows = -(-len(images) // _COLUMNS)
    cell_width, cell_height = _PICTURE + _GAP, _PICTURE + _CAPTION + _GAP
    page = Image.new("RGB", (_COLUMNS * cell_width + _GAP, _HEADER + rows * cell_height + _GAP), _PAPER)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default()
    draw.text((_GAP, 8), title, fill=_INK, font=font)
    for place, index in enumerate(wrong + right):
        left = _GAP + place % _COLUMNS * cell_width
        top = _HEADER + place // _COLUMNS * cell_height
        picture = Image.fromarray(np.uint8(255) - images[index]).resize((_PICTURE, _PICTURE), Image.Resampling.NEAREST)
        page.paste(picture, (left, top))
        mistaken = place < len(wrong)
        frame = (left - 2, top - 2, left + _PICTURE + 1, top + _PICTURE + 1)
        draw.rectangle(frame, outline=_ALARM if mistaken else (225, 225, 225), width=2 if mistaken else 1)
        lines = (f"read {predictions[index]}", f"is {labels[index]}") if mistaken else (str(predictions[index]),)
        for place_below, line in enumerate(lines):
            below = top + _PICTURE + 1 + place_below * _LINE
            draw.text((left, below), line, fill=_ALARM if mistaken else _FADED, font=font)
    buffer = io.BytesIO()
    page.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
