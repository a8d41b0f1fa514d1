"""A model hub on this machine: as much of its protocol as looking up and fetching need."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class SmallHub(ThreadingHTTPServer):
    """`files`: path -> bytes of the one repository. `cut_off_at`: break the first big answer off there."""

    def __init__(self, repo, files, licence, cut_off_at=None):
        super().__init__(("127.0.0.1", 0), Door)
        self.repo, self.files, self.licence, self.cut_off_at = repo, files, licence, cut_off_at
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args): ...

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path.startswith(f"/api/models/{self.server.repo}/revision/"):
            return self.answer(200, json.dumps(self.info()).encode(), {"Content-Type": "application/json"})
        name = path.removeprefix(f"/{self.server.repo}/resolve/{COMMIT}/")
        if name not in self.server.files:
            return self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        return self.file(name, self.server.files[name])

    def info(self):
        siblings = []
        for name, data in self.server.files.items():
            large = {"lfs": {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 1}}
            siblings.append(
                {"rfilename": name, "size": len(data), "blobId": "0" * 40, **(large if big(name) else {})}
            )
        card = {"license": self.server.licence} if self.server.licence else {}
        return {"id": self.server.repo, "sha": COMMIT, "cardData": card, "siblings": siblings, "tags": []}

    def file(self, name, data):
        etag = hashlib.sha256(data).hexdigest() if big(name) else hashlib.sha1(data).hexdigest()
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        asked = self.headers.get("Range")
        self.server.asked.append((self.command, name, asked))
        if asked:
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return self.answer(206, data[start:], headers)
        if self.command == "GET" and big(name) and self.server.cut_off_at:
            return self.break_off(data, headers)
        return self.answer(200, data, headers)

    def break_off(self, data, headers):
        cut, self.server.cut_off_at = self.server.cut_off_at, None
        self.answer(200, data, headers, cut)
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(2)

    def answer(self, status, data, headers, cut=None):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[:cut])


def big(name):
    return name.endswith(".safetensors")
