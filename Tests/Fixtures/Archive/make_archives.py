"""Writes the zips of this folder by Python's own zipfile: `python make_archives.py` in this folder."""
import zipfile

TEXT = b"".join(b"%d,%d,line\n" % (i, i * i) for i in range(500))
RAW = bytes(range(256)) * 4
STAMP = (2024, 5, 6, 7, 8, 10)


def info(name, method):
    entry = zipfile.ZipInfo(name, STAMP)
    entry.compress_type = method
    return entry


with zipfile.ZipFile("mixed.zip", "w") as archive:
    archive.comment = b"a comment, with PK\x05\x06 inside"
    archive.writestr(info("folder/", zipfile.ZIP_STORED), b"")
    archive.writestr(info("folder/deflated.txt", zipfile.ZIP_DEFLATED), TEXT)
    archive.writestr(info("stored.bin", zipfile.ZIP_STORED), RAW)
    archive.writestr(info("영수증.txt", zipfile.ZIP_DEFLATED), "값".encode())
    archive.writestr(info("empty", zipfile.ZIP_STORED), b"")

with zipfile.ZipFile("zip64.zip", "w") as archive:
    with archive.open(info("wide.bin", zipfile.ZIP_STORED), "w", force_zip64=True) as entry:
        entry.write(RAW)

mixed = open("mixed.zip", "rb").read()
open("prefixed.zip", "wb").write(b"#!/bin/sh\nexit 0\n" + mixed)


class Unseekable:
    def __init__(self, path):
        self.file = open(path, "wb")

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


with zipfile.ZipFile(Unseekable("descriptor.zip"), "w") as archive:  # sizes follow the data
    archive.writestr(info("text.txt", zipfile.ZIP_DEFLATED), TEXT)
