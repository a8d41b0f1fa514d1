"""A server of a few lines, where the real one would cost minutes."""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(get: Answer, post: Answer | None = None):
    """Yield the address; `get` and `post` answer each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            get(self)

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            (post or get)(self)

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def say(handler, status, body=b"", kind="application/json"):
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
