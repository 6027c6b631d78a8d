"""A connection for people and notebooks, not for Spark's tasks."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from pyspark_sftp.settings import Settings

if TYPE_CHECKING:
    from pyspark_sftp import _core


class SFTPConnectionTester:
    """
    Says whether a server can be reached, which step fails, and what is there.

    A key is a file (`private_key_path`) or a text (`private_key_content`). The server's key must be known: by `key_fingerprint`
    (SHA256:…), a file `known_hosts`, or the driver's own ~/.ssh/known_hosts.
    """

    def __init__(  # noqa: PLR0913 the seed's
        self,
        host: str,
        username: str,
        private_key_path: str | None = None,
        port: int = 22,
        password: str | None = None,
        *,
        private_key_content: str | None = None,
        key_fingerprint: str | None = None,
        known_hosts: str | None = None,
    ) -> None:
        given = {
            "host": host,
            "username": username,
            "port": str(port),
            "private_key_path": private_key_path,
            "private_key_content": private_key_content,
            "password": password,
            "key_fingerprint": key_fingerprint,
            "known_hosts": known_hosts,
        }
        self.settings = Settings({name: value for name, value in given.items() if value is not None})
        self.server: _core.Server | None = None

    def connect(self) -> None:
        """Connect, check the server's key, and log in."""
        from pyspark_sftp import _core

        if self.server is None:
            self.server = _core.Server(self.settings.on_driver().core())

    def disconnect(self) -> None:
        """End the connection."""
        if self.server is not None:
            self.server.close()
            self.server = None

    def list_files(self, remote_dir: str = ".") -> list[str]:
        """Names of what is in a folder, in order."""
        return [name for name, *_ in self._connected().list(remote_dir)]

    def fingerprint(self) -> str:
        """The server's key, as `ssh-keygen -l` shows it."""
        return self._connected().fingerprint()

    def _connected(self) -> _core.Server:
        if self.server is None:
            raise ConnectionError("not connected: call connect(), or use it in a with statement")
        return self.server

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.disconnect()
