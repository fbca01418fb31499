"""Small JPEG and PNG files of every kind, and the SHA-256 of the RGB bytes that Pillow makes of each.

    python make_images.py [JPEGTRAN]

JPEGTRAN is libjpeg-turbo's program of that name, for the kinds that Pillow cannot write (4:4:0, arithmetic coding,
restart markers); without it these files are left as they are. Writes images/ and images.json beside this script.
"""
import hashlib
import io
import json
import pathlib
import struct
import subprocess
import sys
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps, features

FOLDER = pathlib.Path(__file__).parent / "images"
WIDTH, HEIGHT = 23, 17
rng = np.random.default_rng(20)


def smooth(channels, width=WIDTH, height=HEIGHT):
    """A picture with gradients, edges and some noise, so that every decoder step matters."""
    y, x = np.mgrid[:height, :width]
    planes = [127 + 90 * np.sin((x * (c + 1) + 2 * y) / 5) + 30 * ((x // 4 + y // 3 + c) % 2) for c in range(channels)]
    picture = np.stack(planes, -1) + rng.normal(0, 8, (height, width, channels))
    return np.clip(picture, 0, 255).astype(np.uint8)


def save(name, data):
    (FOLDER / name).write_bytes(data)


def jpeg(picture, mode="RGB", **options):
    out = io.BytesIO()
    Image.fromarray(picture[..., 0] if mode == "L" else picture, mode).save(out, "JPEG", **({"quality": 85} | options))
    return out.getvalue()


def tiff(orientation, endian="<", kind=3, count=1, before=b""):
    """A TIFF directory of the one entry 274; `before` is the entry of another tag to stand before it."""
    value = struct.pack(endian + ("I" if kind == 4 else "HH"), *([orientation, 0] if kind != 4 else [orientation]))
    entry = struct.pack(endian + "HHI", 274, kind, count) + value
    mark = b"II*\0" if endian == "<" else b"MM\0*"
    return mark + struct.pack(endian + "IH", 8, 1 + bool(before)) + before + entry + b"\0" * 4


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def with_segments(data, *segments):
    return data[:2] + b"".join(segments) + data[2:]


def exif(block):
    return segment(0xE1, b"Exif\0\0" + block)


def xmp(orientation, form='tiff:Orientation="%d"'):
    return ('<x:xmpmeta><rdf:Description tiff:Orient="3" ' + form % orientation + "/></x:xmpmeta>").encode()


def make_jpegs():
    color = smooth(3)
    for subsampling, name in ((0, "444"), (1, "422"), (2, "420")):
        save(f"jpeg_{name}.jpg", jpeg(color, subsampling=subsampling))
        save(f"jpeg_{name}_progressive.jpg", jpeg(color, subsampling=subsampling, progressive=True))
    save("jpeg_quality_10.jpg", jpeg(color, quality=10))
    save("jpeg_quality_100.jpg", jpeg(color, quality=100))
    save("jpeg_rgb.jpg", jpeg(color, keep_rgb=True))
    save("jpeg_one_pixel.jpg", jpeg(color[:1, :1]))
    save("jpeg_one_row.jpg", jpeg(color[:1]))
    save("jpeg_one_column.jpg", jpeg(color[:, :1]))
    save("jpeg_grey.jpg", jpeg(smooth(1), "L"))
    save("jpeg_grey_progressive.jpg", jpeg(smooth(1), "L", progressive=True))
    cmyk = jpeg(smooth(4), "CMYK")
    save("jpeg_cmyk_adobe.jpg", cmyk)
    adobe = cmyk.index(b"\xff\xee")
    length = 2 + struct.unpack(">H", cmyk[adobe + 2:adobe + 4])[0]
    save("jpeg_cmyk_plain.jpg", cmyk[:adobe] + cmyk[adobe + length:])
    ycck = bytearray(cmyk)
    ycck[adobe + length - 1] = 2
    save("jpeg_ycck.jpg", bytes(ycck))
    save("jpeg_trailing_bytes.jpg", jpeg(color) + b"trailing")
    save("jpeg_named.png", jpeg(color))

    for orientation in range(1, 9):
        endian = "<>"[orientation % 2]
        save(f"exif_{orientation}.jpg", with_segments(jpeg(color, subsampling=2), exif(tiff(orientation, endian))))
    plain = jpeg(color)
    save("exif_0.jpg", with_segments(plain, exif(tiff(0)), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(6))))
    save("jpeg_stray_in_header.jpg", plain[:20] + b"\0\0\0" + plain[20:])
    progressive = jpeg(color, progressive=True)
    save("jpeg_stray_in_header_progressive.jpg", progressive[:20] + b"\0\0\0" + progressive[20:])
    save("jpeg_stray_at_end.jpg", plain[:-2] + b"\0\0\0" + plain[-2:])
    save("exif_9.jpg", with_segments(plain, exif(tiff(9))))
    save("exif_long.jpg", with_segments(plain, exif(tiff(6, kind=4))))
    save("exif_pair.jpg", with_segments(plain, exif(tiff(6, count=2))))
    save("exif_text.jpg", with_segments(plain, exif(tiff(6, kind=2))))
    save("exif_byte.jpg", with_segments(plain, exif(tiff(6, kind=1))))
    save("exif_signed_byte.jpg", with_segments(plain, exif(tiff(6, kind=6))))
    triple = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 274, 3, 3, 26, 0) + struct.pack("<HHH", 8, 6, 3)
    save("exif_triple.jpg", with_segments(plain, exif(triple)))
    save("exif_empty.jpg", with_segments(plain, exif(b"")))
    save("exif_cut.jpg", with_segments(plain, exif(tiff(6)[:-8])))
    save("exif_split.jpg", with_segments(plain, exif(tiff(6)[:12]), exif(tiff(6)[12:])))
    outside = struct.pack("<HHII", 271, 2, 6, 4000)
    save("exif_data_outside.jpg", with_segments(plain, exif(tiff(6, before=outside))))
    large = struct.pack("<HHII", 271, 2, 60000, 40)
    save("exif_data_large.jpg", with_segments(plain, exif(tiff(6, before=large))))
    save("exif_mono.jpg", with_segments(jpeg(smooth(1), "L"), exif(tiff(5))))
    save("exif_cmyk.jpg", with_segments(jpeg(smooth(4), "CMYK"), exif(tiff(7))))
    for name, form in (("attribute", 'tiff:Orientation="%d"'), ("element", "<tiff:Orientation>%d</tiff:Orientation>"),
                       ("single_quotes", "tiff:Orientation='%d'")):
        packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp(8, form)
        save(f"xmp_{name}.jpg", with_segments(plain, segment(0xE1, packet)))
    save("xmp_and_exif.jpg", with_segments(
        plain, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(8)), exif(tiff(3))))

    if len(sys.argv) > 1:
        def jpegtran(name, *options, of=plain):
            run = subprocess.run([sys.argv[1], "-copy", "none", *options], input=of, capture_output=True, check=True)
            save(name, run.stdout)
        jpegtran("jpeg_440.jpg", "-rotate", "90", of=jpeg(color, subsampling=1))
        jpegtran("jpeg_arithmetic.jpg", "-arithmetic")
        jpegtran("jpeg_restart.jpg", "-restart", "1B")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(samples, depth, color, interlaced=False, before=(), after=()):
    """samples (H,W,C) -> a PNG; `before` and `after` are chunks around the picture."""
    height, width, channels = samples.shape

    def scanlines(part):
        lines = b""
        for row in part:
            values = row.reshape(-1)
            if depth == 16:
                packed = values.astype(">u2").tobytes()
            elif depth == 8:
                packed = values.astype(np.uint8).tobytes()
            else:
                bits = "".join(format(v, f"0{depth}b") for v in values)
                bits += "0" * (-len(bits) % 8)
                packed = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
            lines += b"\0" + packed
        return lines

    if interlaced:
        parts = [samples[y0::dy, x0::dx] for x0, y0, dx, dy in ADAM7]
        data = b"".join(scanlines(part) for part in parts if part.size)
    else:
        data = scanlines(samples)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(before) + chunk(b"IDAT", zlib.compress(data, 9))
            + b"".join(after) + chunk(b"IEND", b""))


def make_pngs():
    kinds = {"grey": (0, 1, (1, 2, 4, 8, 16)), "rgb": (2, 3, (8, 16)), "palette": (3, 1, (1, 2, 4, 8)),
             "grey_alpha": (4, 2, (8, 16)), "rgb_alpha": (6, 4, (8, 16))}
    for name, (color, channels, depths) in kinds.items():
        for depth in depths:
            samples = rng.integers(0, 1 << depth, (HEIGHT, WIDTH, channels))
            if name == "grey" and depth == 16:
                samples[::2] //= 256  # so that Pillow's clipping leaves something to see
            before = []
            if color == 3:
                before = [chunk(b"PLTE", rng.integers(0, 256, 3 << depth, dtype=np.uint8).tobytes())]
            for interlaced in (False, True):
                save(f"{name}_{depth}{'_interlaced' * interlaced}.png", png(samples, depth, color, interlaced, before))
            if color == 3:
                alpha = chunk(b"tRNS", bytes([0, 128]))
                save(f"{name}_{depth}_trns.png", png(samples, depth, color, False, before + [alpha]))
            if color in (0, 2):
                alpha = chunk(b"tRNS", samples[3, 4].astype(">u2").tobytes())
                save(f"{name}_{depth}_trns.png", png(samples, depth, color, False, [alpha]))
    indices = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH, 1) % 256
    save("palette_short.png", png(indices, 8, 3, False, [chunk(b"PLTE", bytes(range(30, 60)))]))
    # Gamma, a background and significant bits change nothing.
    noise = rng.integers(0, 256, (HEIGHT, WIDTH, 3))
    extra = [chunk(b"gAMA", struct.pack(">I", 100000)), chunk(b"sBIT", bytes([5, 6, 5])),
             chunk(b"bKGD", struct.pack(">HHH", 1, 2, 3))]
    save("rgb_8_gamma.png", png(noise, 8, 2, False, extra))
    save("one_pixel.png", png(noise[:1, :1], 8, 2))
    save("one_pixel_interlaced.png", png(noise[:1, :1], 8, 2, True))
    save("one_row_interlaced.png", png(noise[:1], 8, 2, True))
    filtered = io.BytesIO()
    Image.fromarray(smooth(3)).save(filtered, "PNG", optimize=True)
    save("filtered.png", filtered.getvalue())
    save("no_end.png", filtered.getvalue()[:-12])

    for orientation in range(1, 9):
        save(f"exif_{orientation}.png", png(noise, 8, 2, orientation % 2, [chunk(b"eXIf", tiff(orientation))]))
    save("exif_after.png", png(noise, 8, 2, False, after=[chunk(b"eXIf", tiff(6, ">"))]))
    save("exif_prefixed.png", png(noise, 8, 2, False, [chunk(b"eXIf", b"Exif\0\0" + tiff(6))]))
    digits = (b"Exif\0\0" + tiff(8)).hex()
    profile = f"\nexif\n{len(digits) // 2:8}\n" + "".join(digits[i:i + 72] + "\n" for i in range(0, len(digits), 72))
    name = b"Raw profile type exif\0"
    save("profile_text.png", png(noise, 8, 2, False, [chunk(b"tEXt", name + profile.encode())]))
    compressed = chunk(b"zTXt", name + b"\0" + zlib.compress(profile.encode()))
    save("profile_compressed.png", png(noise, 8, 2, False, [compressed]))
    save("profile_and_exif.png", png(noise, 8, 2, False, [compressed, chunk(b"eXIf", tiff(3))]))
    keyword = b"XML:com.adobe.xmp\0"
    save("xmp.png", png(noise, 8, 2, False, [chunk(b"iTXt", keyword + b"\0\0\0\0" + xmp(6))]))
    packed = keyword + b"\1\0en\0name\0" + zlib.compress(xmp(7))
    save("xmp_compressed.png", png(noise, 8, 2, False, [chunk(b"iTXt", packed)]))
    save("xmp_and_exif.png", png(noise, 8, 2, False, [chunk(b"iTXt", packed), chunk(b"eXIf", tiff(5))]))
    save("png_named.jpg", png(noise, 8, 2))


FOLDER.mkdir(exist_ok=True)
make_jpegs()
make_pngs()
expected = {}
for path in sorted(FOLDER.iterdir()):
    rgb = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    expected[path.name] = {"width": rgb.width, "height": rgb.height,
                           "sha256": hashlib.sha256(rgb.tobytes()).hexdigest()}
made_by = f"make_images.py, Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}"
path = FOLDER.parent / "images.json"
path.write_text(json.dumps({"made_by": made_by, "images": expected}, indent=1) + "\n")
print(len(expected), "images")
