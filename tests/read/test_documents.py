"""Bytes → documents: dated text and JSON Lines, bad input said once, the rest read."""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from pathlib import Path

import pytest

from detente.errors import InputError, OptionError
from detente.read.documents import InputWarning, content_id, document, documents
from detente.read.text import clean, publication_date
from detente.records import Document, Fault

TEXT = "Russia and Ukraine signed a truce on Monday. Both sides praised it."


def read(source: object, **options: object) -> tuple[list[Document], list[str]]:
    faults: list[Fault] = []
    found = list(documents(source, on_fault=faults.append, **options))  # type: ignore[arg-type]
    return found, [str(f) for f in faults]


def stream(data: bytes | str) -> io.BytesIO:
    return io.BytesIO(data.encode() if isinstance(data, str) else data)


def test_dated_text() -> None:
    (found,), faults = read(stream(f" date 2020-11-05 {TEXT}\n\nA second paragraph stands here.\n"))
    assert not faults
    assert (found.date, found.date_rule, found.language) == (dt.date(2020, 11, 5), "text:date", "en")
    assert found.text.startswith("Russia")
    assert [p.kind for p in found.parts] == ["paragraph", "paragraph"]
    assert found.id == content_id(found.text, found.date)


@pytest.mark.parametrize(
    "head", ["date 2020-11-05\n\n", "Date: 2020-11-05 ", "\ufeffdate 2020-11-05 ", "\n\n  date\t2020-11-05\t"]
)
def test_heads_of_dated_text(head: str) -> None:
    (found,), faults = read(stream(head + TEXT))
    assert (found.text, found.date, faults) == (TEXT, dt.date(2020, 11, 5), [])


def test_several_reports_in_a_file() -> None:
    found, faults = read(
        stream(f"date 2020-11-05 {TEXT}\ndate 2020-11-06 {TEXT}\n\ndate 2020-13-06 {TEXT}\n\ndate 2020-11-07 {TEXT}")
    )
    assert [d.date.day for d in found] == [5, 6, 7]
    assert faults == ["<stream>:3: wrong date '2020-13-06': write YYYY-MM-DD"]


def test_a_date_for_all() -> None:
    (found,), faults = read(stream(TEXT), date="2020-11-05")
    assert (found.date, found.date_rule, faults) == (dt.date(2020, 11, 5), "option", [])
    (found,), _ = read(stream(f"date 2019-01-01 {TEXT}"), date="2020-11-05")
    assert found.date == dt.date(2019, 1, 1)


def test_json_lines() -> None:
    rows = [
        {
            "id": 7,
            "date": "2020-11-05T23:30:00-05:00",
            "text": TEXT,
            "title": "Truce",
            "url": "http://x.y/z",
            "source": "Wire",
            "author": "A B",
        },
        {"date": "2020-11-05", "text": TEXT, "language": "en-GB"},
    ]
    (first, second), faults = read(stream("\n".join(map(json.dumps, rows))))
    assert not faults
    assert (first.id, first.title, first.url, first.source, first.author) == (
        "7",
        "Truce",
        "http://x.y/z",
        "Wire",
        "A B",
    )
    assert (first.date, first.date_rule) == (dt.date(2020, 11, 5), "json:date")
    assert (second.id, second.language) == (content_id(TEXT, dt.date(2020, 11, 5)), "en")


def test_json_array_and_object_over_lines() -> None:
    row = {"date": "2020-11-05", "text": TEXT}
    assert len(read(stream(json.dumps([row, row, 5], indent=1)))[0]) == 2
    assert len(read(stream(json.dumps(row, indent=1)))[0]) == 1


def test_keys_by_option() -> None:
    found, faults = read(
        stream(json.dumps({"day": "2020-11-05", "body": TEXT})), columns={"text": "body", "date": "day"}
    )
    assert (len(found), faults, found[0].date_rule) == (1, [], "json:day")


BAD = [
    ("empty", b"", "<stream>: empty: no text"),
    ("blank", b" \n\n \n", "<stream>: empty: no text"),
    ("no date", TEXT.encode(), "<stream>: no date"),
    ("wrong date", b"date 2020-02-30 Text here.", "<stream>: wrong date '2020-02-30'"),
    ("no such year", b"date 0020-02-03 Text here.", "<stream>: wrong date '0020-02-03'"),
    ("only a date", b"date 2020-02-03", "<stream>: no text"),
    (
        "not UTF-8",
        "date 2020-02-03 caf\u00e9".encode("latin-1"),
        "<stream>: not UTF-8: byte 0xe9 at offset 19; convert it to UTF-8 first",
    ),
    ("UTF-16", "date 2020-02-03 x".encode("utf-16"), "<stream>: not UTF-8 but UTF-16"),
    ("a million brackets", b"date 2020-02-03 " + b"[" * 999_000, "<stream>: no letter in the text"),
    ("a million brackets as JSON", b"[" * 1_000_000, "<stream>: broken JSON: nested too deep"),
    ("5 MB in a line", b"date 2020-02-03 " + b"word " * 1_000_000, "<stream>: longer than 1,000,000 characters"),
    ("binary", b"date 2020-02-03 " + bytes(range(32)) * 50, "<stream>: not text: "),
    ("broken JSON", b'{"text": "a"', "<stream>:1: broken JSON: "),
    ("no text field", b'{"date": "2020-02-03"}', '<stream>:1: no field "text"'),
    ("text is a number", b'{"date": "2020-02-03", "text": 5}', '<stream>:1: "text" is no string'),
    ("no date field", b'{"text": "Some text."}', "<stream>:1: no date"),
    ("date is a list", b'{"text": "Some text.", "date": [1]}', "<stream>:1: wrong date"),
    ("no object", b'{"text": "a", "date": "2020-02-03"}\n5', "<stream>:2: not an object with text and date but int"),
    (
        "endless number",
        b'{"text": "a", "date": ' + b"9" * 6000 + b"}",
        "<stream>:1: broken JSON: a number has too many digits",
    ),
    ("a ZIP", b"PK\x03\x04abcd", "<stream>: a ZIP archive"),
]


@pytest.mark.parametrize(("data", "said"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_is_one_line(data: bytes, said: str) -> None:
    began = time.perf_counter()
    _, faults = read(stream(data))
    assert len(faults) == 1
    assert faults[0].startswith(said)
    assert "\n" not in faults[0]
    assert len(faults[0]) < 200
    assert time.perf_counter() - began < 3


def test_good_lines_around_a_bad_one_are_read() -> None:
    good = json.dumps({"date": "2020-11-05", "text": TEXT}).encode()
    found, faults = read(
        stream(b"\n".join([good, b"{broken", b"\xff\xfe", b'{"text":"' + b"x" * 17_000_000 + b'"}', good]))
    )
    assert len(found) == 2
    assert [f.split(": ")[0] for f in faults] == ["<stream>:2", "<stream>:3", "<stream>:4"]


@pytest.mark.parametrize("mark", ["\x07", "\u202e", "\x00"])
def test_a_stray_control_character_is_taken_out_and_said(mark: str) -> None:
    (found,), (fault,) = read(stream(f"date 2020-11-05 {mark}Russia and {mark}Ukraine signed a truce."))
    assert found.text == "Russia and Ukraine signed a truce."
    assert f"read without 2 control characters (U+{ord(mark):04X})" in fault


def test_half_a_surrogate_pair_is_taken_out_and_said() -> None:
    (found,), (fault,) = read(
        stream(b'{"text": "Russia \\ud83d signed a truce \\ud83d\\ude00.", "date": "2020-11-05"}')
    )
    assert found.text == "Russia  signed a truce \U0001f600."
    assert "U+D83D" in fault
    found.text.encode()


def test_marks_of_typesetting_go_silently() -> None:
    (found,), faults = read(
        stream("date 2020-11-05 Rus\u00adsia\u200b and\u200e Ukraine \u2068signed\u2069 a truce \x97 at last."),
        date=None,
    )
    assert (found.text, faults) == ("Russia and Ukraine signed a truce — at last.", [])


def test_faults_are_warnings_unless_taken() -> None:
    with pytest.warns(InputWarning, match="no date"):
        assert list(documents(stream(TEXT))) == []


def test_folders_patterns_and_missing_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "sub/c.txt", ".hidden.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"date 2020-11-05 Report {name[0]} says so.")
    assert [d.text[7] for d in read(tmp_path)[0]] == ["a", "b", "s"]
    assert [d.text[7] for d in read(str(tmp_path / "*.txt"))[0]] == ["a", "b"]
    assert [d.text[7] for d in read(str(tmp_path / "**/*.txt"))[0]] == ["a", "b", "s"]
    assert [d.text[7] for d in read([tmp_path / "b.txt", tmp_path / "a.txt"])[0]] == ["b", "a"]
    assert read(tmp_path / "none.txt")[1] == [f"{tmp_path / 'none.txt'}: no such file or directory"]
    assert read(str(tmp_path / "*.none"))[1] == [f"{tmp_path / '*.none'}: no file has a name like this"]


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"date 2020-11-05 {TEXT}")
    assert read(tmp_path) == read(tmp_path)


def test_options_that_make_no_sense() -> None:
    for wrong in ({"date": "soon"}, {"format": "doc"}, {"columns": {"body": "text"}}):
        with pytest.raises(OptionError):
            documents(stream(""), **wrong)  # type: ignore[arg-type]


def test_a_text_stream_is_said() -> None:
    assert read(io.StringIO("date 2020-11-05 text"))[1] == [
        "<stream>: the stream gives text, not bytes: open it in binary mode"
    ]


def test_one_document() -> None:
    assert document(TEXT, "2020-11-05").date == dt.date(2020, 11, 5)
    with pytest.raises(InputError):
        document("", "2020-11-05")


@pytest.mark.parametrize(
    "written",
    [
        "2020-11-05",
        "2020-11-5",
        "2020-11-05T10:00:00Z",
        "2020-11-05 10:00",
        "20201105",
        "20201105T101500Z",
        "2020/11/05",
        "Nov 5, 2020",
        "November 5th, 2020",
        "5 November 2020",
        "Thu, 05 Nov 2020 10:00:00 GMT",
        "Thursday, November 5, 2020",
        "Thu Nov 5 2020 10:00:00",
        dt.date(2020, 11, 5),
        dt.datetime(2020, 11, 5, 1, tzinfo=dt.UTC),
    ],
)
def test_written_dates(written: object) -> None:
    assert publication_date(written) == dt.date(2020, 11, 5)


@pytest.mark.parametrize(
    "written",
    [
        "05/11/2020",
        "yesterday",
        "2020-11",
        "2020",
        "1604534400",
        1604534400,
        None,
        "",
        "Nov 31, 2020",
        "9999-99-99",
        "x" * 10_000_000,
        True,
    ],
)
def test_dates_with_no_one_reading(written: object) -> None:
    with pytest.raises(InputError) as error:
        publication_date(written)
    assert len(str(error.value)) < 100


def test_clean_joins_line_ends() -> None:
    assert clean("a\r\nb\rc\u2028d\x0ce").text == "a\nb\nc\nd\ne"


def test_no_format_library_is_imported_for_plain_text() -> None:
    import subprocess
    import sys

    code = (
        "import io, sys; from detente.read.documents import documents; list(documents(io.BytesIO(b'date "
        "2020-11-05 A b.')));"
        "print([m for m in ('trafilatura', 'feedparser', 'warcio', 'pyarrow', 'lxml') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("text", f"date 2020-02-03 {TEXT}\n\ndate 2020-02-04 ".encode() + b"\xff" + TEXT.encode()),
        ("text", f"\ufeffdate 2020-02-04 {TEXT}\n".encode() + b"\xff"),
        ("text", b"\xef\xbb\xbf\xff " + TEXT.encode()),
        ("json", f'{{"text": "{TEXT}", "date": "2020-02-03"}}\n  {{"text": "'.encode() + b'\xff"}'),
        ("json", b'[\n{"text": "\xff"}]'),
        ("csv", f"\ufeffdate,note,text\n2020-02-03,a,{TEXT}\n2020-02-03,".encode() + b'\xfe,"\xc3\xa9\n\xff"\n'),
    ],
)
def test_what_is_not_utf8_is_found_in_the_file(format: str, data: bytes) -> None:
    _, faults = read(stream(data), format=format)
    assert len(faults) == 1
    assert faults[0].endswith(f": not UTF-8: byte 0xff at offset {data.index(0xFF)}; convert it to UTF-8 first")


def test_the_text_column_is_asked_for_by_the_options_name() -> None:
    _, faults = read(stream("date,note\n2020-02-03,a\n"), format="csv")
    assert "(--column text=…)" in faults[0]
