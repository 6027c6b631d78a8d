"""
Options of Spark, made ready for all processes of a job.

Files that options name (known_hosts, private_key_path) are the driver's: they are read there once, and their text goes along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path


class Settings(Mapping[str, str]):
    """Options by their lower-case names. What is printed of them has no values."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = {name.lower(): str(value) for name, value in options.items()}

    def on_driver(self) -> Settings:
        """The same with the files that only the driver has."""
        options = dict(self._options)
        if path := options.pop("private_key_path", None):
            if "private_key_content" in options:
                raise ValueError("private_key_content and private_key_path are both given: give one")
            options["private_key_content"] = _text("private_key_path", path)
        if not options.get("key_fingerprint") and "known_hosts_content" not in options:
            options["known_hosts_content"] = _known_hosts(options.get("known_hosts"))
        options.pop("known_hosts", None)
        return Settings(options)

    def core(self) -> dict[str, str]:
        """The same for the core."""
        return dict(self._options)

    def flag(self, name: str) -> bool:
        """True or false; false where it is not said."""
        text = self.get(name) or "false"
        if text.lower() not in ("true", "false"):
            raise ValueError(f"the option {name} = {text!r} is neither true nor false")
        return text.lower() == "true"

    def __getitem__(self, name: str) -> str:
        return self._options[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    def __repr__(self) -> str:
        return f"Settings({', '.join(sorted(self._options))})"


def _text(option: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the option {option} = {path!r} cannot be read on the driver: {error}") from None


def _known_hosts(path: str | None) -> str:
    """What ssh itself would look at, where no file is named. No file at all knows nobody."""
    if path:
        return _text("known_hosts", path)
    files = [Path("~/.ssh/known_hosts").expanduser(), Path("/etc/ssh/ssh_known_hosts")]
    texts = [file.read_text(errors="replace") for file in files if file.is_file()]
    return "\n".join(texts) + "\n"
