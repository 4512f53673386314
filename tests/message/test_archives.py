"""Names inside archives: each format, damaged and hostile ones, and what looking may cost."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.archives import MOST_MEMBERS, MOST_UNPACKED, Budget, find_reader


def names(name: str, content: bytes, budget: Budget | None = None) -> list[str]:
    reader = find_reader(name, content)
    return [member for member, _ in reader(name, content, budget or Budget())] if reader else []


def make_zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members:
            # Without the time, which would stand in the names of tests and make them differ between workers
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return made.getvalue()


def make_tar(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def rar4(*members: str) -> bytes:
    made = b"Rar!\x1a\x07\x00" + struct.pack("<HBHHHI", 0, 0x73, 0, 13, 0, 0)
    for name in members:
        raw = name.encode()
        head = struct.pack("<IIBIIBBHI", 4, 4, 2, 0, 0, 29, 0x30, len(raw), 0x20) + raw
        made += struct.pack("<HBHH", 0, 0x74, 0x8000, 7 + len(head)) + head + b"data"
    return made + struct.pack("<HBHH", 0, 0x7B, 0, 7)


def rar5(*members: str) -> bytes:
    made = b"Rar!\x1a\x07\x01\x00"
    for name in members:
        raw = name.encode()
        head = bytes([2, 2, 4, 0, 4, 0, 0, 0, len(raw)]) + raw
        made += struct.pack("<I", 0) + bytes([len(head)]) + head + b"data"
    return made + struct.pack("<I", 0) + bytes([3, 5, 0, 0])


LONG = "folder/" * 20 + "über.exe"


@pytest.mark.parametrize(
    ("name", "content", "inside"),
    [
        ("a.zip", make_zip(("b/setup.exe", b"MZ"), ("c.txt", b"x")), {"b/setup.exe", "c.txt"}),
        ("a.zip", make_zip(("setup.exe", b"MZ"), method=zipfile.ZIP_STORED), {"setup.exe"}),
        ("a.zip", b"a picture in front" + make_zip(("setup.exe", b"MZ")), {"setup.exe"}),
        ("a.zip", make_zip(("setup.exe", b"MZ" * 500))[:60], {"setup.exe"}),  # cut off behind its first entry
        ("a.tar", make_tar(("b/setup.exe", b"MZ"), ("c.txt", b"x" * 2000)), {"b/setup.exe", "c.txt"}),
        ("a.tar", make_tar((LONG, b"MZ")), {LONG}),
        ("a.tar", make_tar((LONG, b"MZ"), form=tarfile.GNU_FORMAT), {LONG}),
        ("a.gz", gzip.compress(b"x", mtime=0), {"a"}),
        ("setup.exe.gz", gzip.compress(b"x", mtime=0), {"setup.exe"}),
        ("a.tgz", gzip.compress(make_tar(("setup.exe", b"MZ")), mtime=0), {"a.tar"}),
        ("a.bz2", bz2.compress(b"x"), {"a"}),
        ("a.xz", lzma.compress(b"x"), {"a"}),
        ("a.rar", rar4("b\\setup.exe", "c.txt"), {"b\\setup.exe", "c.txt"}),
        ("a.rar", rar5("b/setup.exe", "c.txt"), {"b/setup.exe", "c.txt"}),
        ("a.pdf", b"%PDF-1.7 PK\x03\x04", set()),
    ],
)  # fmt: skip
def test_names_are_read(name: str, content: bytes, inside: set[str]) -> None:
    assert set(names(name, content)) == inside


def test_a_gzip_names_its_file_itself() -> None:
    made = io.BytesIO()
    with gzip.GzipFile("setup.exe", "wb", fileobj=made) as stream:
        stream.write(b"MZ")
    assert names("holiday.gz", made.getvalue()) == ["setup.exe"]


def test_encrypted_zip_still_names_its_files() -> None:
    made = bytearray(make_zip(("setup.exe", b"MZ")))
    made[6] |= 1
    assert "setup.exe" in names("a.zip", bytes(made))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_t57_a_bomb_is_not_unpacked(pack: object) -> None:
    assert callable(pack)
    bomb = pack(b"\0" * 20_000_000)
    reader, budget, began = find_reader("a.gz", bomb), Budget(), time.process_time()
    assert reader is not None
    assert sum(len(content) for _, content in reader("a.gz", bomb, budget)) <= MOST_UNPACKED
    assert time.process_time() - began < 2


def test_t57_archives_inside_archives_share_one_budget() -> None:
    inner = make_zip(("zeros", b"\0" * 10_000_000))
    bomb = make_zip(*((f"{n}.zip", inner * 20) for n in range(50)), method=zipfile.ZIP_STORED)
    reader, budget = find_reader("a.zip", bomb), Budget()
    assert reader is not None
    assert sum(len(content) for _, content in reader("a.zip", bomb, budget)) <= MOST_UNPACKED + 2_100_000


def test_a_list_without_end_is_cut_and_says_so() -> None:
    entry = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    budget, began = Budget(), time.process_time()
    assert len(names("a.zip", entry * (MOST_MEMBERS * 5), budget)) == MOST_MEMBERS
    assert budget.is_spent and time.process_time() - began < 2


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([
        make_zip(("a.exe", b"MZ"), ("b.zip", make_zip(("c", b"d")))), make_tar(("a.exe", b"MZ"), (LONG, b"x")),
        gzip.compress(b"x" * 99), bz2.compress(b"x" * 99), lzma.compress(b"x" * 99), rar4("a.exe", "b"), rar5("a", "b"),
    ]),
    st.data(),
)  # fmt: skip
def test_broken_archives_raise_nothing(content: bytes, data: st.DataObject) -> None:
    raw = bytearray(content)
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for piece in (bytes(raw), bytes(raw[:cut])):
        for name in ("a.zip", "a.tar", "a"):
            assert len(names(name, piece)) <= MOST_MEMBERS


def test_looking_is_linear() -> None:
    def cost(size: int) -> float:
        content = b"PK\x03\x04" * size
        began = time.process_time()
        for _ in range(5):
            names("a.zip", content, Budget(members=10**9))
        return time.process_time() - began

    cost(1_000)
    assert cost(40_000) / max(cost(5_000), 1e-4) < 24
