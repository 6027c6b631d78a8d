"""
Streams of new files, each taken exactly once.

An offset is the number of a batch in the log of files. A file is known by its path: one that comes late is taken, however old it
says it is; one that is written anew under its name is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pyspark.sql import datasource
from pyspark.sql.datasource import DataSourceStreamReader, InputPartition
from pyspark.sql.types import StructType

from pyspark_sftp import reader
from pyspark_sftp.file_log import File, FileLog
from pyspark_sftp.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_CLEANING = ("off", "delete", "archive")


def _mixin(name: str) -> type:
    """A class of newer Sparks, or nothing where this one has none."""
    module = __import__("pyspark.sql.streaming.datasource", fromlist=[name])
    return getattr(module, name, None) or getattr(datasource, name, None) or type(name, (), {})


class SFTPStreamReader(_mixin("SupportsTriggerAvailableNow"), DataSourceStreamReader):  # type: ignore[misc]
    """Reads new files. `schema` has the columns that are wanted."""

    def __init__(self, options: Mapping[str, str], schema: StructType) -> None:
        self.settings = Settings(options).on_driver()
        self.schema = schema
        location = self.settings.get("state_location")
        if not location:
            raise ValueError(
                "the option state_location is missing: a folder that outlives the driver, as /Volumes/…, for the log of files"
            )
        self.cleaning = self.settings.get("clean_source", "off").lower()
        if self.cleaning not in _CLEANING:
            raise ValueError(f"the option clean_source = {self.cleaning!r} is none of off, delete and archive")
        if self.cleaning == "archive" and not self.settings.get("archive_path"):
            raise ValueError(
                "the option archive_path is missing: the folder at the server that clean_source = archive moves files to"
            )
        most = self.settings.get("maxfilespertrigger")
        if most is not None and not (most.isdecimal() and int(most) > 0):
            raise ValueError(f"the option maxFilesPerTrigger = {most!r} is no number of files")
        self.log: FileLog | None = FileLog(location)
        self.snapshot: list[File] | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Executors read; the log is the driver's.
        return {**self.__dict__, "log": None, "snapshot": None}

    def initialOffset(self) -> dict[str, int]:
        """Where a stream without a checkpoint begins."""
        return {"batch": 0}

    def getDefaultReadLimit(self) -> Any:
        """How much a batch has: `maxFilesPerTrigger`."""
        most = self.settings.get("maxfilespertrigger")
        return _mixin("ReadMaxFiles")(int(most)) if most else _mixin("ReadAllAvailable")()

    def prepareForTriggerAvailableNow(self) -> None:
        """What is there now is what this run reads."""
        self.snapshot = reader.find(self.settings)

    def latestOffset(self, start: Mapping[str, int] | None = None, limit: Any = None) -> dict[str, int]:
        """Begin a batch with files that are new, if there are any."""
        log = self._log()
        done = log.last if start is None else int(start["batch"])
        self._clean(done)
        if done < log.last:
            # Its files were noted down, and it was not finished.
            return {"batch": done + 1}
        files = self.snapshot if self.snapshot is not None else reader.find(self.settings)
        # What came first is read first.
        new = sorted((file for file in files if file[0] not in log.taken), key=lambda file: (file[2], file[0]))
        most = getattr(limit, "max_files", None)
        new = new if most is None else new[: int(most)]
        return {"batch": log.add(new) if new else done}

    def partitions(self, start: Mapping[str, int], end: Mapping[str, int]) -> Sequence[InputPartition]:
        """Divide the files of the batches."""
        files = [file for number in range(int(start["batch"]) + 1, int(end["batch"]) + 1) for file in self._log().batch(number)]
        return reader.divide(self.settings, files)

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Read one task's parts, in an executor."""
        if not isinstance(partition, reader.Parts):
            raise TypeError("not a partition of this source")
        return reader.rows(self.settings, self.schema, partition)

    def commit(self, end: Mapping[str, int]) -> None:
        """Batches up to here are done: Spark says so one batch late, and not of the last one."""
        self._clean(int(end["batch"]))

    def stop(self) -> None:
        """Nothing is kept open between batches."""

    def _log(self) -> FileLog:
        if self.log is None:
            raise RuntimeError("the log of files is the driver's")
        return self.log

    def _clean(self, done: int) -> None:
        """Remove or archive the files of batches that are done. What is not there any more was cleaned before."""
        from pyspark_sftp import _core

        log = self._log()
        if self.cleaning == "off" or done <= log.cleaned:
            return
        paths = [path for number in range(log.cleaned + 1, done + 1) for path, *_ in log.batch(number)]
        server = _core.Server(self.settings.core())
        try:
            if self.cleaning == "delete":
                server.remove(paths)
            else:
                for path in paths:
                    server.rename(path, self._archived(path))
        finally:
            server.close()
        log.cleaned = done

    def _archived(self, path: str) -> str:
        archive = PurePosixPath(self.settings["archive_path"])
        try:
            return str(archive / PurePosixPath(path).relative_to(self.settings["path"]))
        except ValueError:
            return str(archive / PurePosixPath(path).name)
