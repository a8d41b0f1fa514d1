"""A server that speaks the contract over real HTTP, and can be told to be away, full or hard to please."""

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

KEY = "right-key"


@dataclass
class Taken:
    name: str
    path: str
    serial: str
    captured: str
    release: str
    spot: str
    sha256: str
    body: bytes
    began_at: float
    age: str = ""
    place: str = ""


@dataclass
class Stub:
    taken: list[Taken] = field(default_factory=list)
    own: set[str] = field(default_factory=set)
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)
    trouble: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    moves: list[tuple[str, str]] = field(default_factory=list)
    """(place, path) of each file that was told to lie somewhere else."""
    knows_places: bool = True
    most_at_once: int = 0
    slowness: float = 0.0
    port: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def names(self):
        return sorted(taken.name for taken in self.taken)

    def start(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Bound", (_Door,), {"stub": self}))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def busy(self, step):
        with self._lock:
            self._at_once += step
            self.most_at_once = max(self.most_at_once, self._at_once)


class _Door(BaseHTTPRequestHandler):
    stub: Stub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, headers=()):
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def allowed(self):
        if self.headers.get("Authorization") == f"Bearer {KEY}":
            return True
        self.answer(401, {"error": "This key is not known here: make a new one."})
        return False

    def do_GET(self):
        if self.allowed():
            self.answer(200, {"product": "studio-server", "version": "0.1.0", "key": "hot folder"})

    def do_HEAD(self):
        if "/uploads/" in self.path:  # an older server than uploads in parts
            self.answer(404)
            return
        sha256 = self.path.rpartition("/")[2]
        self.stub.asked.append(sha256)
        known = self.stub.own | {taken.sha256 for taken in self.stub.taken}
        if self.allowed():
            self.answer(200 if sha256 in known else 404)

    def do_POST(self):
        began_at = time.time()
        self.stub.busy(+1)
        try:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(self.stub.slowness)
            if self.allowed() and self.path.endswith("/place"):
                self.move(json.loads(body))
            elif self.allowed():
                self.take(body, began_at)
        finally:
            self.stub.busy(-1)

    def move(self, told):
        if not self.stub.knows_places:
            self.answer(404, {"error": "There is no such page."})
            return
        self.stub.moves.append((told["place"], told["path"]))
        self.answer(200, {"state": "moved"})

    def take(self, body, began_at):
        if self.stub.trouble:
            status, headers = self.stub.trouble.pop(0)
            self.answer(status, {"error": "Not now."}, headers)
            return
        values = {key: unquote(value) for key, value in self.headers.items()}
        name = values["X-Studio-Name"]
        if name in self.stub.refuse:
            status, sentence = self.stub.refuse[name]
            self.answer(status, {"error": sentence})
            return
        sha256 = hashlib.sha256(body).hexdigest()
        assert sha256 == values["X-Studio-Sha256"]
        fields = [values[f"X-Studio-{key}"] for key in ("Path", "Serial", "Captured", "Release", "Spot")]
        more = [values.get(f"X-Studio-{key}", "") for key in ("Age", "Place")]
        self.stub.taken.append(Taken(name, *fields, sha256, body, began_at, *more))
        shot = f"shot-{len(self.stub.taken)}"
        self.answer(201, {"shot": shot, "state": "received", "session": None})
