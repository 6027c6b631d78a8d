"""
The files that a stream has taken, batch by batch: `state_location/files/000000000007.json` has those of batch 7.

It is written before Spark is told of the batch, so that a batch has the same files whenever it is asked for. Its place is a
folder of the driver that outlives it: /Volumes/… or /dbfs/… on Databricks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from pyspark_sftp.constants import File


class FileLog:
    """Keeps the log in a folder, and in memory the paths in it."""

    def __init__(self, location: str) -> None:
        self.folder = Path(location.removeprefix("file:").replace("///", "/")) / "files"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.last = 0
        self.taken: set[str] = set()
        for number in sorted(int(path.stem) for path in self.folder.glob("[0-9]*.json")):
            self.taken.update(path for path, *_ in self.batch(number))
            self.last = number

    def batch(self, number: int) -> list[File]:
        """The files of a batch."""
        try:
            return [(path, size, modified) for path, size, modified in json.loads(self._path(number).read_text())]
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{self._path(number)} is missing, and the checkpoint knows batch {number}: "
                "state_location is of another stream, or was emptied"
            ) from None

    def add(self, files: Sequence[File]) -> int:
        """Begin the next batch."""
        number = self.last + 1
        whole = self._path(number)
        part = whole.with_suffix(".part")
        with part.open("w") as file:
            json.dump(files, file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(whole)
        self.last = number
        self.taken.update(path for path, *_ in files)
        return number

    @property
    def cleaned(self) -> int:
        """The last batch whose files were removed or archived."""
        try:
            return int((self.folder.parent / "cleaned").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    @cleaned.setter
    def cleaned(self, number: int) -> None:
        part = self.folder.parent / "cleaned.part"
        part.write_text(str(number))
        part.rename(self.folder.parent / "cleaned")

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:012}.json"
