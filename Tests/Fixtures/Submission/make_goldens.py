"""Makes the goldens of this folder.

    python make_goldens.py OUT

Needs the reference environment (cleval 0.1.x, shapely 2): lines are parsed by CLEval's own reader, crossings are found
by shapely, quoted files are written by Python's csv module. Seeds are fixed: the same versions write the same bytes.
"""
import csv
import io
import json
import random
import sys
from pathlib import Path

from cleval.main import parse_single_file
from shapely.geometry import LineString

LINES = [
    # shape, transcription, confidence, line
    ("QUAD", True, False, "377,117,463,117,465,130,378,130,Genaxis Theatre"),
    ("QUAD", True, False, "374,155,409,155,409,170,374,170,###"),
    ("QUAD", True, False, "1,2,3,4,5,6,7,8,a,b, c,"),
    ("QUAD", True, False, "1,2,3,4,5,6,7,8,1,000"),
    ("QUAD", True, False, "1,2,3,4,5,6,7,8,"),
    ("QUAD", True, False, " -1 , 2,3 ,4,5,6,7,8, padded "),
    ("QUAD", True, False, '1,2,3,4,5,6,7,8,"quoted, text"'),
    ("QUAD", True, False, '1,2,3,4,5,6,7,8, "a \\"b\\" \\\\c" '),
    ("QUAD", True, False, '1,2,3,4,5,6,7,8,"'),
    ("QUAD", True, False, '1,2,3,4,5,6,7,8,""'),
    ("QUAD", True, False, '1,2,3,4,5,6,7,8,"open'),
    ("QUAD", True, False, "1,2,3,4,5,6,7,8,한국어 점포"),
    ("QUAD", False, False, "132, 29, 132, 1, 283, 1, 283, 29"),
    ("QUAD", False, False, "1,2,3,4,5,6,7,8,"),
    ("QUAD", False, True, "1,2,3,4,5,6,7,8,0.987"),
    ("QUAD", True, True, "1,2,3,4,5,6,7,8,0.5,text, more"),
    ("QUAD", True, True, "1,2,3,4,5,6,7,8,1,12"),
    ("LTRB", True, False, "10,20,30,40,abc"),
    ("LTRB", False, False, "10,20,30,40"),
    ("LTRB", False, True, "-10,20,30,40,0.25"),
    ("POLY", True, False, "206,633,251,811,386,931,542,946,620,926,PETROSAINS"),
    ("POLY", True, False, "599,419,638,422,637,441,596,437,1996"),
    ("POLY", False, False, "1,2,3,4,5,6,7,8,9,10"),
    ("POLY", False, True, "1,2,3,4,5,6,7,8,9,10,0.75"),
]


def parsed_lines():
    for shape, transcription, confidence, line in LINES:
        box = parse_single_file(line, False, transcription, confidence, box_type=shape)[0]
        yield {
            "shape": shape.lower(), "line": line, "points": [float(v) for v in box.points],
            "transcription": box.transcription if transcription else None,
            "score": box.confidence if confidence else None,
        }


def crossings():
    generator = random.Random(7)
    for index in range(400):
        count = generator.randint(3, 12)
        side = generator.choice([4, 10, 200])
        points = [[generator.randint(-side, side), generator.randint(-side, side)] for _ in range(count)]
        if index % 4 == 0:
            points.sort()
        edges = [(points[i], points[(i + 1) % count]) for i in range(count)]
        first = None
        for i in range(count):
            for j in range(i + 1, count):
                a, b = edges[i], edges[j]
                if first is None and a[0] != a[1] and b[0] != b[1] and LineString(a).crosses(LineString(b)):
                    first = [i, j]
        yield {"points": points, "first": first}


def quoted():
    rows = [
        ("plain.jpg", "1 2 3 4 5 6 7 8|9 10 11 12 13 14 15 16"), ("comma,name.jpg", "1 2 3 4 5 6 7 8"),
        ('say "cheese".jpg', ""), ("한글.jpg", "0 0 0 0 0 0 0 0"), ("line\nbreak.jpg", "-5 2 3 4 5 6 7 8"),
    ]
    for name, quoting, end in (("quoted_all.csv", csv.QUOTE_ALL, "\r\n"), ("quoted_minimal.csv", csv.QUOTE_MINIMAL, "\n")):
        text = io.StringIO()
        writer = csv.writer(text, quoting=quoting, lineterminator=end)
        writer.writerow(["filename", "polygons"])
        writer.writerows(rows)
        yield name, text.getvalue()


if __name__ == "__main__":
    out = Path(sys.argv[1])
    for name, items in (("icdar_lines.json", parsed_lines()), ("crossings.json", crossings())):
        body = ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
        (out / name).write_text("[\n" + body + "\n]\n", encoding="utf-8")
    for name, text in quoted():
        (out / name).write_bytes(("\ufeff" if name == "quoted_all.csv" else "").encode() + text.encode())
