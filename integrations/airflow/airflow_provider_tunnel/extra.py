"""The values of a connection's extra, each read as what it is, or refused with the names of the connection and the key."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_tunnel.compat import AirflowException

_NAME = re.compile(r"[A-Za-z0-9@._+-]+")


class Extra:
    """A connection's extra. What nobody asked for is left in `unread`. An empty value is none."""

    def __init__(self, connection: str, values: Mapping[str, Any]) -> None:
        self.connection = connection
        self._values = {key: value for key, value in values.items() if value not in (None, "")}
        self.unread = set(self._values)

    def refusal(self, key: str, reason: str) -> AirflowException:
        """Give the error about a key."""
        return AirflowException(f"the connection {self.connection}: {key} {reason}")

    def value(self, key: str) -> Any:
        """Give what is there, as it is."""
        self.unread.discard(key)
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """Read one line of text."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, str) or re.search(r"[\x00-\x1f\x7f]", value.strip()):
            raise self.refusal(key, "is to be one line of text")
        return value.strip() or None

    def lines(self, key: str) -> tuple[str, ...]:
        """Read a list of texts, or a text with one a line."""
        value = self.value(key)
        items = value.splitlines() if isinstance(value, str) else value or []
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.refusal(key, "is to be a list of texts, or a text with one a line")
        return tuple(item.strip() for item in items if item.strip())

    def path(self, key: str) -> str | None:
        """Read a path of this machine, and make it whole. `~` is this user's home."""
        value = self.text(key)
        if value is None:
            return None
        if '"' in value or "\\" in value or "${" in value:
            raise self.refusal(key, f'is {value}, which no option of ssh can name: use a path without ", \\ and ${{')
        return os.path.abspath(os.path.expanduser(value))  # noqa: PTH100, PTH111

    def truth(self, key: str) -> bool | None:
        """Read true or false."""
        value = self.value(key)
        if value is None:
            return None
        words = {"true": True, "false": False}
        if str(value).strip().lower() not in words:
            raise self.refusal(key, f"is {value!r}: write true or false")
        return words[str(value).strip().lower()]

    def seconds(self, key: str) -> float | None:
        """Read a time; 0 is one."""
        value = self.value(key)
        try:
            seconds = None if value is None or isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            seconds = math.nan
        if value is not None and (seconds is None or not 0 <= seconds < 1 << 31):
            raise self.refusal(key, f"is {value!r}: write seconds, as 30")
        return seconds

    def names(self, key: str, value: Any) -> tuple[str, ...]:
        """Read names of algorithms out of a list, or a text with commas between them."""
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple | set | frozenset):
            raise self.refusal(key, f"is {value!r}: write a list of names")
        names = tuple(str(item).strip() for item in items)
        for name in names:
            if not _NAME.fullmatch(name):
                raise self.refusal(key, f"has {name!r}, which is no name of an algorithm")
        return names
