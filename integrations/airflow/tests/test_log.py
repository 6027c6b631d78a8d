"""Pieces become lines, and offsets lose and repeat nothing."""

from __future__ import annotations

import pytest

from airflow_provider_tunnel.log import LONGEST_LINE, Lines, Piece


def shown(data, sizes, *, offset=0, ended=True):
    lines = Lines(offset)
    texts = []
    at = 0
    for size in sizes:
        piece = data[at : at + size]
        texts += lines.take(Piece(offset + at, offset + at + len(piece), piece))
        at += len(piece)
    if ended:
        texts += lines.rest()
    return texts, lines.offset


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_lines_do_not_depend_on_how_the_log_was_cut(size):
    data = "one\n\nzwei ä€𝄞\r\nthree".encode()
    assert shown(data, [size] * len(data)) == (["one", "", "zwei ä€𝄞", "three"], len(data))


def test_a_line_that_is_not_whole_is_left_for_the_next_look():
    assert shown(b"one\ntw", [6], ended=False) == (["one"], 4)
    assert shown(b"two\n", [4], offset=4) == (["two"], 8)


def test_bytes_that_are_no_text_are_shown_as_such():
    assert shown(b"a\xff\xfeb\n", [2, 3]) == (["a��b"], 5)


def test_a_line_without_an_end_is_shown_in_pieces():
    texts, offset = shown(b"x" * (3 * LONGEST_LINE + 10), [LONGEST_LINE] * 4, ended=False)
    assert (sum(map(len, texts)), offset) == (3 * LONGEST_LINE, 3 * LONGEST_LINE)


def test_pieces_come_as_text_or_as_base64():
    assert Piece.read({"stream": "stdout", "offset": 3, "next_offset": 5, "text": "ä"}).data == "ä".encode()
    assert Piece.read({"stream": "stdout", "offset": 0, "next_offset": 2, "base64": "//4="}).data == b"\xff\xfe"
