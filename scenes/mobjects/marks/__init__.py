"""Graphical truth: a length, an area, a thickness, a shade or a place that means a number, and which number.

A figure writes on each of its marks what the mark means, as a caption's digits carry their source. `misdrawn` reads
the drawing back and compares it with the trace, so that a bar that is too long is found like a wrong digit.

    bar = means(Box(...), Length(share, "width", px_per_unit, across=44))
    misdrawn([bar], trace)        # [] or ["a width of 120.0 px is drawn for 0.41 of encoder.1...: 164.0 px"]

A figure may be scaled, moved or copied as a whole after it was made, and stays true. So no meaning holds px of the
screen or another mobject: a length is compared with the other side of the same mark, which grows along with it; a
place with its ground (a zero line, an axis), which is looked for on stage by the `Ground` that it carries; an end with
the token that stands there. What such a ground or token is missing for, or on its way for, is not judged.
"""

from scenes.mobjects.marks.judging import Ground, MarkMeaning, Stands, hand_over, marks_on, means, named
from scenes.mobjects.marks.lengths import Area, Filled, Length, Reach, Stair, Thickness
from scenes.mobjects.marks.names import Around, Beside, Called, End, Names, Rings
from scenes.mobjects.marks.pictures import misdrawn
from scenes.mobjects.marks.places import Away, AxisSpan, Course, Entries, Rises, Slope, Swung, Tick, Tip, row_of
from scenes.mobjects.marks.shades import DiscArea, Heat, Hue, Scattered, Shade, Squares

__all__ = [
    "Area",
    "Around",
    "Away",
    "AxisSpan",
    "Beside",
    "Called",
    "Course",
    "DiscArea",
    "End",
    "Entries",
    "Filled",
    "Ground",
    "Heat",
    "Hue",
    "Length",
    "MarkMeaning",
    "Names",
    "Reach",
    "Rings",
    "Rises",
    "Scattered",
    "Shade",
    "Slope",
    "Squares",
    "Stair",
    "Stands",
    "Swung",
    "Thickness",
    "Tick",
    "Tip",
    "hand_over",
    "marks_on",
    "means",
    "misdrawn",
    "named",
    "row_of",
]
