"""Writes archives field by field: one true Zip64, and `bad_*.zip` with a lie each: `python make_lies.py` in this folder.

What Python's zipfile reads in the true one is asserted here.
"""
import struct
import zipfile
import zlib

RAW = bytes(range(256)) * 4
TEXT = b"".join(b"%d,%d,line\n" % (i, i * i) for i in range(500))
ALL_ONES = 0xFFFFFFFF


def deflate(data):
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def entry(name, data, method=0, payload=None, **lies):
    """Fields of one file; `lies` replace the true ones (`local_name` in its header only)."""
    payload = payload if payload is not None else deflate(data) if method == 8 else data
    fields = dict(name=name, method=method, payload=payload, flags=0, crc=zlib.crc32(data), size=len(data),
                  compressed=len(payload), extra=b"", offset=None, local_name=name)
    return fields | lies


def write(path, entries, wide=False, **lies):
    output = b""
    directory = b""
    for e in entries:
        offset = len(output) if e["offset"] is None else e["offset"]
        name, local_name = e["name"].encode(), e["local_name"].encode()
        common = struct.pack("<HHHHHIII", 45, e["flags"], e["method"], 0, 0x21, e["crc"], e["compressed"], e["size"])
        output += b"PK\3\4" + common + struct.pack("<HH", len(local_name), 0) + local_name + e["payload"]
        size, compressed, extra, place = e["size"], e["compressed"], e["extra"], offset
        if wide:
            extra = extra or struct.pack("<HHQQQ", 1, 24, size, compressed, offset)
            size = compressed = place = ALL_ONES
        common = struct.pack("<HHHHHIII", 45, e["flags"], e["method"], 0, 0x21, e["crc"], compressed, size)
        directory += (b"PK\1\2" + struct.pack("<H", 45) + common
                      + struct.pack("<HHHHHII", len(name), len(extra), 0, 0, 0, 0, place) + name + extra)
    end = dict(disk=0, count=len(entries), size=len(directory), offset=len(output), wide_at=None) | lies
    output += directory
    if wide:
        record = len(output) if end["wide_at"] is None else end["wide_at"]
        output += b"PK\6\6" + struct.pack(
            "<QHHIIQQQQ", 44, 45, 45, 0, 0, end["count"], end["count"], end["size"], end["offset"])
        output += b"PK\6\7" + struct.pack("<IQI", 0, record, 1)
        end |= dict(count=0xFFFF, size=ALL_ONES, offset=ALL_ONES)
    output += b"PK\5\6" + struct.pack(
        "<HHHHIIH", end["disk"], 0, end["count"], end["count"], end["size"], end["offset"], 0)
    open(path, "wb").write(output)


stored = entry("first", RAW)
deflated = entry("second", TEXT, 8)

write("zip64_directory.zip", [stored, deflated], wide=True)
with zipfile.ZipFile("zip64_directory.zip") as archive:
    assert archive.read("first") == RAW and archive.read("second") == TEXT

# Names.
write("bad_name_twice.zip", [stored, stored])
write("bad_name_parent.zip", [entry("folder/../../a", RAW)])
write("bad_name_windows.zip", [entry("folder\\..\\..\\a", RAW)])
write("bad_name_absolute.zip", [entry("/a", RAW)])
write("bad_name_drive.zip", [entry("C:\\a", RAW)])
write("bad_name_empty.zip", [entry("", RAW)])
write("bad_name_header.zip", [entry("first", RAW, local_name="other")])
# Places: an entry's data holds a whole other entry.
inner = b"PK\3\4" + struct.pack("<HHHHHIIIHH", 45, 0, 0, 0, 0x21, zlib.crc32(b"x"), 1, 1, 5, 0) + b"innerx"
write("bad_nested.zip", [entry("outer", inner), entry("inner", b"x", offset=35)])
write("bad_into_directory.zip", [entry("first", RAW, size=1040, compressed=1040)])
write("bad_past_end.zip", [entry("first", RAW, size=1 << 20, compressed=1 << 20)])
# Counts and sizes.
write("bad_count_low.zip", [stored, deflated], count=1)
write("bad_count_high.zip", [stored, deflated], count=9)
write("bad_directory_size.zip", [stored], size=0x7FFFFFFF)
write("bad_disk.zip", [stored], disk=1)
write("bad_stored_sizes.zip", [entry("first", RAW, size=1000)])
# Zip64.
write("bad_zip64_size.zip", [entry("a", RAW, extra=struct.pack("<HHQQQ", 1, 24, 1 << 62, 1 << 62, 0))], wide=True)
write("bad_zip64_offset.zip", [entry("a", RAW, extra=struct.pack("<HHQQQ", 1, 24, 1024, 1024, 2**64 - 1))], wide=True)
write("bad_zip64_short.zip", [entry("a", RAW, extra=struct.pack("<HHQ", 1, 8, 1024))], wide=True)
write("bad_zip64_count.zip", [stored], wide=True, count=1 << 60)
write("bad_zip64_record.zip", [stored], wide=True, offset=1 << 62)
# Ways of storing.
write("bad_method.zip", [entry("first", RAW, method=12, payload=RAW)])
write("bad_encrypted.zip", [entry("first", RAW, flags=1)])
# Found when the bytes are read.
write("bad_read_crc.zip", [entry("first", RAW, crc=1)])
write("bad_read_crc_deflated.zip", [entry("first", TEXT, 8, crc=1)])
write("bad_read_short.zip", [entry("first", TEXT, 8, size=len(TEXT) - 1)])
write("bad_read_long.zip", [entry("first", TEXT, 8, size=len(TEXT) + 1)])
write("bad_read_bomb.zip", [entry("first", TEXT, 8, size=0x7FFFFFFF)])
write("bad_read_left_over.zip", [entry("first", TEXT, 8, payload=deflate(TEXT) + b"more")])
write("bad_read_stream.zip", [entry("first", TEXT, 8, payload=b"\xff" * 60)])
