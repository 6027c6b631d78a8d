"""Columns that stand in the names of folders: `year=2026/city=New%20York`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import PurePosixPath
from urllib.parse import unquote

from pyspark.sql.types import DataType, DateType, DoubleType, IntegerType, LongType, StringType, StructField, StructType

NULL = "__HIVE_DEFAULT_PARTITION__"
_INT = 2**31


def values_of(root: str, path: str) -> dict[str, str | None]:
    """Names and values of the folders between the root and a file."""
    try:
        folders = PurePosixPath(path).relative_to(root).parts[:-1]
    except ValueError:
        return {}
    pairs = [folder.partition("=") for folder in folders if "=" in folder]
    return {unquote(name): None if value == NULL else unquote(value) for name, _, value in pairs}


def columns_of(root: str, paths: Sequence[str]) -> StructType:
    """The columns of all files' folders, each with the first type that all of its values have, as Spark finds them."""
    values: dict[str, list[str]] = {}
    for path in paths:
        for name, value in values_of(root, path).items():
            values.setdefault(name, []).extend([] if value is None else [value])
    return StructType([StructField(name, _type_of(texts), nullable=True) for name, texts in values.items()])


def _type_of(texts: list[str]) -> DataType:
    def are(read: Callable[[str], object]) -> bool:
        try:
            return all(read(text) is not None for text in texts)
        except ValueError:
            return False

    def are_plain(pattern: str) -> bool:
        return bool(texts) and all(re.fullmatch(pattern, text) for text in texts)

    if are_plain(r"-?\d{1,18}"):
        return IntegerType() if all(-_INT <= int(text) < _INT for text in texts) else LongType()
    if are_plain(r"-?\d+(\.\d+)?([eE][-+]?\d+)?") and are(float):
        return DoubleType()
    if are_plain(r"\d{4}-\d{2}-\d{2}") and are(date.fromisoformat):
        return DateType()
    return StringType()
