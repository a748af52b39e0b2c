"""CSV as Excel saves it, in; CSV that Excel takes for nothing else, out."""

import pytest

from chalicelib.files.tables import MOST_ROWS, Unreadable, count_rows, read_table, write_table

TEXT = "订单号,快递公司\r\nord_1,顺丰\r\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        TEXT.replace(",", "\t").encode("gb18030"),
        TEXT.replace("\r\n", "\n").encode(),
        f"\r\n , \r\n{TEXT}\r\n,\r\n".encode(),
        '" 订单号 ","快递公司"\r\n"ord_1 ", 顺丰\r\n'.encode(),
    ],
    ids=["utf-8", "mark", "gb18030", "tabs", "unix", "empty-rows", "quoted"],
)
def test_a_table_is_the_same_however_it_was_saved(content: bytes) -> None:
    header, rows = read_table(content)

    assert header.cells == ("订单号", "快递公司")
    assert [row.cells for row in rows] == [("ord_1", "顺丰")]


def test_a_line_is_numbered_as_an_editor_does() -> None:
    _, rows = read_table(b'a,b\n\n1,"two\nlines"\n\n2,x\n')

    assert [(row.number, row.cells) for row in rows] == [(3, ("1", "two\nlines")), (6, ("2", "x"))]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n,,\r\n", "The file is empty."),
        ("order_id".encode("utf-16"), "It is UTF-16: save it as CSV UTF-8."),
        (b"\x81\xff\x00", "It is neither UTF-8 nor GB18030: save it as CSV UTF-8."),
        (b"a\n" + b"x" * 140_000, "Line 2 is no CSV: field larger than field limit (131072)."),
        (b"a\n" + b"1\n" * (MOST_ROWS + 1), "More than 5000 rows: cut the file into several."),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_table(content)
    assert str(refusal.value) == why


def test_as_many_rows_as_are_allowed_are_read() -> None:
    _, rows = read_table(b"a\n" + b"1\n" * MOST_ROWS)
    assert len(rows) == MOST_ROWS


def test_what_is_written_opens_in_excel_and_is_no_formula() -> None:
    content = write_table(
        ("name", "fen"),
        [
            ("=1+1", -5),
            ("+86 138", 0),
            ("-", None),
            ("@SUM(A1)", 7),
            ("\t=1", 1),
            ('苹果, "5斤"', 1990),
        ],
    )

    assert content.decode() == (
        "\ufeffname,fen\r\n"
        "'=1+1,-5\r\n"
        "'+86 138,0\r\n"
        "'-,\r\n"
        "'@SUM(A1),7\r\n"
        "'\t=1,1\r\n"
        '"苹果, ""5斤""",1990\r\n'
    )


@pytest.mark.parametrize(
    ("cells", "rows"),
    [
        ([], 0),
        (["a", "b"], 2),
        (["two\r\nlines"], 1),
        (['a "quoted"\r\nline', '"', '"\r\n"', '""\r\n\r\n', "\n", "\r"], 6),
    ],
)
def test_a_row_is_counted_once_however_many_lines_it_has(cells: list[str], rows: int) -> None:
    content = write_table(("name\r\nof it",), [(cell,) for cell in cells])
    assert count_rows(content) == rows
