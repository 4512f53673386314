"""Bytes to text: labels on a list, wrong labels repaired, nothing that a database refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.charsets import codec_for, decode_bytes, html_label
from mailproc.records.mail import Defect

GERMAN = "Größe und Maße, für übermäßig schöne Grüße aus Köln"
RUSSIAN = "Здравствуйте, я не могу войти в свою учётную запись уже второй день"
POLISH = "Zażółć gęślą jaźń, proszę o łączny rachunek"
CHINESE = "您好，我的订单还没有到，请帮我查询一下"
JAPANESE = "こんにちは、注文した商品がまだ届いていません"
KOREAN = "안녕하세요 주문한 상품이 아직 도착하지 않았습니다"


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "utf-8", "UTF8"),
        (GERMAN, "latin-1", "iso-8859-1"),
        (GERMAN, "latin-1", "ISO_8859-1:1987"),
        (GERMAN + " €", "cp1252", "iso-8859-1"),
        (GERMAN, "cp1252", "windows-1252"),
        (POLISH, "iso8859-2", "iso-8859-2"),
        (POLISH, "cp1250", "Windows-1250"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "iso8859-5", "iso-8859-5"),
        (RUSSIAN, "cp866", "ibm866"),
        (CHINESE, "gb18030", "gb2312"),
        (CHINESE, "gb18030", "GB18030"),
        (CHINESE, "gbk", "x-gbk"),
        ("中文", "gb2312", "gb2312"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (JAPANESE, "cp932", "shift_jis"),
        (JAPANESE, "euc_jp", "euc-jp"),
        (KOREAN, "cp949", "ks_c_5601-1987"),
        (KOREAN, "euc_kr", "euc-kr"),
        ("我的訂單還沒有到", "big5", "big5"),
        (GERMAN, "utf-16", "utf-16"),
        (GERMAN, "utf-16-le", "utf-16le"),
        (GERMAN, "mac_roman", "macintosh"),
        ("plain", "ascii", "us-ascii"),
        ("plain", "ascii", ""),
    ],
)
def test_decode_when_the_label_is_right(text: str, codec: str, label: str) -> None:
    defects: list[Defect] = []
    assert decode_bytes(text.encode(codec), label, defects) == text
    assert defects == []


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (GERMAN, "utf-8", "iso-8859-1"),
        (GERMAN, "utf-8", "windows-1252"),
        (GERMAN, "utf-8", "gb2312"),
        (RUSSIAN, "utf-8", "koi8-r"),
        (JAPANESE, "utf-8", "shift_jis"),
        (GERMAN, "latin-1", "utf-8"),
        (GERMAN, "latin-1", ""),
        (GERMAN, "latin-1", "us-ascii"),
        (GERMAN, "latin-1", "no-such-charset"),
        (RUSSIAN, "koi8-r", "us-ascii"),
        (RUSSIAN, "koi8-r", "iso-8859-1"),
        (RUSSIAN, "cp1251", "iso-8859-1"),
        (RUSSIAN, "cp1251", ""),
        (RUSSIAN, "cp1251", "utf-8"),
        (CHINESE, "gb18030", ""),
        (CHINESE, "gb18030", "us-ascii"),
        (CHINESE * 3, "gb18030", "iso-8859-1"),
        (JAPANESE * 3, "cp932", ""),
    ],
)
def test_decode_when_the_label_is_wrong_or_missing(text: str, codec: str, label: str) -> None:
    defects: list[Defect] = []
    assert decode_bytes(text.encode(codec), label, defects) == text
    assert defects


def test_decode_when_nothing_but_an_escape_says_japanese() -> None:
    assert decode_bytes(JAPANESE.encode("iso2022_jp"), "", []) == JAPANESE
    assert decode_bytes(JAPANESE.encode("iso2022_jp"), "us-ascii", []) == JAPANESE


def test_decode_when_another_part_gives_a_hint() -> None:
    assert decode_bytes("Счёт".encode("koi8-r"), "", [], hint="koi8-r") == "Счёт"


def test_decode_when_utf8_is_cut() -> None:
    assert decode_bytes((GERMAN + "ä").encode()[:-1], "utf-8", []) == GERMAN + "\ufffd"


NOT_LISTED = [
    "utf-7",
    "utf7",
    "UTF_7",
    "unicode-1-1-utf-7",
    "idna",
    "punycode",
    "undefined",
    "rot13",
    "rot_13",
    "hex",
    "hex_codec",
    "base64",
    "base64_codec",
    "quopri",
    "uu",
    "zlib",
    "zip",
    "bz2",
    "unicode_escape",
    "raw_unicode_escape",
    "mbcs",
    "oem",
    "string_escape",
    "palmos",
    "foo-bar",
    "utf\x00-8",
    '"',
    "../../etc/passwd",
    "encodings.rot_13",
    "\ud800",
    "a" * 10_000,
    "cp65001x",
    "utf-8-variant",
    "charmap",
    "ascii\x00",
    "%s",
]


@pytest.mark.parametrize("label", NOT_LISTED)
def test_t56_charsets_that_are_not_on_the_list(label: str) -> None:
    for content in (b"+2AA-plain \\x41", b"caf\xe9", b"\xff\xfe\x00\xd8", b"caf\xc3\xa9"):
        defects: list[Defect] = []
        text = decode_bytes(content, label, defects)
        text.encode("utf-8")
        if codec_for(label) is None:
            assert defects[0].code == "charset-refused"
        if content.isascii():
            assert text == content.decode()


@pytest.mark.parametrize("label", ["utf-32", "utf-16", "utf-32le", "ucs-2", "utf-16be"])
def test_t56_wide_charsets_that_are_none(label: str) -> None:
    assert decode_bytes(b"plain text", label, []) == "plain text"
    decode_bytes(b"\x00\x00\xd8\x00\xff", label, []).encode("utf-8")
    decode_bytes(b"\xff" * 7, label, []).encode("utf-8")


def test_nul_and_surrogates_are_replaced() -> None:
    assert decode_bytes(b"a\x00b", "utf-8", []) == "a\ufffdb"
    assert "\ud800" not in decode_bytes(b"\xed\xa0\x80", "utf-8", [])


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=80),
    st.sampled_from(["", "utf-8", "iso-8859-1", "koi8-r", "gb2312", "iso-2022-jp", "utf-16", "hz", "utf-7", "big5"]),
)
def test_decode_never_raises_and_is_storable(content: bytes, label: str) -> None:
    text = decode_bytes(content, label, [])
    text.encode("utf-8")
    assert "\x00" not in text


@pytest.mark.parametrize(
    ("content", "label"),
    [
        (b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        (b"<META CHARSET='GB2312'>", "gb2312"),
        (b"<p>charset=utf-8</p>", ""),
        (b"", ""),
    ],
)
def test_html_label_is_what_the_document_says(content: bytes, label: str) -> None:
    assert html_label(content) == label


@pytest.mark.parametrize(
    ("text", "codec"),
    [("안녕하세요. 주문한 상품", "iso2022_kr"), ("ご注文の商品", "iso2022_jp"), ("Ihre Bestellung für März", "utf_16")],
)
def test_text_that_says_itself_what_it_is_needs_no_label(text: str, codec: str) -> None:
    assert decode_bytes(text.encode(codec), "", []) == text
