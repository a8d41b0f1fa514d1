"""A small real HTTP server that speaks the plug-in's contract, and pictures for it to deliver."""

import hashlib
import io
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from PIL import ExifTags, Image

PLUGIN = Path(__file__).parents[2] / "plugins" / "lightroom" / "studio.lrplugin"
KEY = "key-of-the-plugin"
SERIAL = "0123456"


def master(colour, captured="2026-11-20T10:30:15.250", serial=SERIAL, size=(64, 48)):
    """The bytes of a JPEG that carries the capture time and camera of its RAW, as our masters do."""
    picture = Image.new("RGB", size, colour)
    exif = picture.getexif()
    block = exif.get_ifd(ExifTags.IFD.Exif)
    day, _, time = captured.partition("T")
    time, _, part = time.partition(".")
    block[ExifTags.Base.DateTimeOriginal] = f"{day.replace('-', ':')} {time}"
    block[ExifTags.Base.SubsecTimeOriginal] = part
    block[ExifTags.Base.BodySerialNumber] = serial
    data = io.BytesIO()
    picture.save(data, "JPEG", exif=exif)
    return data.getvalue()


def delivery(number, raw, data, **changes):
    """A delivery as the server announces it; `raw` is the RAW's path on the photographer's computer."""
    entry = {
        "id": f"delivery-{number}",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "file": f"{raw.stem}-studio-library-{number}.jpg",
        "width": 64,
        "height": 48,
        "kind": "ai",
        "source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
        "context": "library",
        "context_title": "Library",
        "base": "starter",
        "resemblance": {"distance": 0.31, "limit": 0.6, "sentence": "Nothing was found."},
        "rating": 4,
        "label": "green",
        "keywords": ["Studio|AI composite", "Studio|Library"],
        "collection": ["Studio", "Zoë Müller", "Library"],
        "caption": "AI composite: the person as photographed, the library generated.",
        "consent_until": "2026-12-20T00:00:00+00:00",
        "laid_path": "",
        "parent": {
            "sha256": "0" * 64,
            "path": str(raw),
            "name": raw.name,
            "camera_serial": SERIAL,
            "captured_at": "2026-11-20T10:30:15.250000+01:00",
        },
        "created_at": "2026-11-20T11:00:00+00:00",
    }
    return entry | changes


@dataclass
class Studio:
    """What the test's server delivers, and what was asked of it."""

    deliveries: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    acknowledged: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    """(pattern, answer, times): for paths that match; an answer is a function of the handler."""
    page: int = 2
    url: str = ""

    def deliver(self, raw, data, **changes):
        entry = delivery(len(self.deliveries) + 1, raw, data, **changes)
        self.deliveries.append(entry)
        self.files[entry["id"]] = data
        return entry

    def instead(self, pattern, answer, times=10**6):
        self.answers.append([re.compile(pattern), answer, times])

    def of_its_own(self, path):
        for row in self.answers:
            if row[2] > 0 and row[0].search(path):
                row[2] -= 1
                return row[1]
        return None


def status(code, body=b'{"error": "No."}', headers=()):
    """An answer with this status."""

    def answer(handler):
        handler.reply(body, code, dict(headers))

    return answer


def half(handler):
    """Half of a file, then the connection ends."""
    data = next(iter(handler.studio.files.values()))
    handler.reply(data[: len(data) // 2], 200, {"Content-Length": str(len(data))})


def hang_up(handler):
    handler.close_connection = True
    handler.connection.close()


class Handler(BaseHTTPRequestHandler):
    studio = None

    def reply(self, body, code=200, headers=None):
        headers = {"Content-Length": str(len(body)), "Content-Type": "application/json"} | (headers or {})
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, value):
        self.reply(json.dumps(value).encode())

    def handle_any(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.studio.asked.append((self.command, self.path))
        own = self.studio.of_its_own(self.path)
        if own:
            own(self)
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            self.reply(b'{"error": "This key is unknown. Make a new one."}', 401)
        else:
            self.route()

    do_GET = do_POST = handle_any  # noqa: N815 - the names that http.server looks for

    def route(self):
        parts = urlsplit(self.path)
        found = re.fullmatch(r"/api/v1/deliveries/([^/]+)/(file|ack)", parts.path)
        if parts.path == "/api/v1/hello":
            self.json({"product": "studio-server", "version": "0.1.0", "key": "Lightroom"})
        elif parts.path == "/api/v1/deliveries":
            self.listed(parse_qs(parts.query))
        elif found and found[2] == "file":
            data = self.studio.files[unquote(found[1])]
            tag = hashlib.sha256(data).hexdigest()
            self.reply(data, 200, {"ETag": f'"{tag}"', "Content-Type": "image/jpeg"})
        elif found:
            self.studio.acknowledged[unquote(found[1])] = json.loads(self.body)["path"]
            self.json({"state": "delivered"})
        else:
            self.reply(b'{"error": "Not found."}', 404)

    def listed(self, query):
        first = int((query.get("since") or ["0"])[0] or 0)
        last = min(first + self.studio.page, len(self.studio.deliveries))
        more = last < len(self.studio.deliveries)
        self.json({"cursor": str(last), "more": more, "deliveries": self.studio.deliveries[first:last]})

    def log_message(self, *arguments):
        pass


def serve(studio):
    """Start the server on a free port; returns what ends it."""
    handler = type("StudioHandler", (Handler,), {"studio": studio})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    studio.url = f"http://127.0.0.1:{server.server_port}"

    def end():
        server.shutdown()
        server.server_close()
        thread.join()

    return end
