"""A proxy that cuts connections."""

import socket
import threading


class CuttingProxy:
    """Carries connections to a server, and cuts all of them when `budget` bytes have gone up. Without a budget it only counts."""

    def __init__(self, port: int):
        self.to = port
        self.budget: int | None = None
        self.sent = 0
        self.lock = threading.Lock()
        self.sockets: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, budget: int | None):
        with self.lock:
            self.budget, self.sent = budget, 0

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self._is_spent(0):
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.to))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.sockets.add(one)
            threading.Thread(target=self._carry, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, False), daemon=True).start()

    def _is_spent(self, more: int) -> bool:
        with self.lock:
            self.sent += more
            return self.budget is not None and self.sent > self.budget

    def _carry(self, source, target, is_up):
        try:
            while data := source.recv(65536):
                if self._is_spent(len(data) if is_up else 0):
                    break
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            self.sockets.discard(one)
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def end(self):
        self.listener.close()
        for one in list(self.sockets):
            one.close()
