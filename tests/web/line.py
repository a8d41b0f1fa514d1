"""A line between agent and server that counts what goes over it, and breaks where it is told to."""

import contextlib
import socket
import threading


class Line:
    """`port` leads to `goal`. After `breaks_after` bytes towards the server it is cut, once."""

    def __init__(self, goal):
        self.goal, self.breaks_after, self.carried = goal, None, 0
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._open = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join(5)
        self._hang_up(*self._open)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self._door.accept()[0]
                try:
                    far = socket.create_connection(("127.0.0.1", self.goal))
                except OSError:
                    near.close()
                    continue
                self._open += [near, far]
                for source, target, there in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._carry, args=(source, target, there), daemon=True).start()

    def _carry(self, source, target, there):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if there and self._breaks(len(data)):
                    break
                target.sendall(data)
        self._hang_up(source, target)

    def _breaks(self, count):
        with self._lock:
            self.carried += count
            if self.breaks_after is None or self.carried < self.breaks_after:
                return False
            self.breaks_after = None
            return True

    @staticmethod
    def _hang_up(*ends):
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
