"""A job's logs: pieces with offsets, and the lines that they make."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Stream = Literal["stdout", "stderr"]

STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")

# A line longer than this is shown in pieces: it may be no line at all.
LONGEST_LINE = 64 * 1024


@dataclass(frozen=True)
class Piece:
    """Bytes of a log, and where they stand in it."""

    offset: int
    next_offset: int
    data: bytes

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Piece:
        """Read a line of `tunnel job logs --json`."""
        data = base64.b64decode(fields["base64"]) if "base64" in fields else fields["text"].encode()
        return cls(offset=fields["offset"], next_offset=fields["next_offset"], data=data)


@dataclass
class Lines:
    """
    Makes lines of pieces.

    `offset` is where the first byte stands that was in no line yet: who starts there again repeats nothing and misses nothing.
    """

    offset: int
    _rest: bytearray = field(default_factory=bytearray)

    def take(self, piece: Piece) -> Iterator[str]:
        """Take a piece, and give the lines that are whole now."""
        self._rest += piece.data
        while (end := self._rest.find(b"\n") + 1) or len(self._rest) > LONGEST_LINE:
            yield self._give(min(end or LONGEST_LINE, LONGEST_LINE))

    def rest(self) -> Iterator[str]:
        """Give what is left: the log has ended."""
        if self._rest:
            yield self._give(len(self._rest))

    def _give(self, length: int) -> str:
        line = bytes(self._rest[:length])
        del self._rest[:length]
        self.offset += length
        return line.rstrip(b"\r\n").decode(errors="replace")
