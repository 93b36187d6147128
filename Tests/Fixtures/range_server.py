"""A file server on 127.0.0.1 for the tests of model fetch, with the habits of good and bad servers.

usage: range_server.py FOLDER LOG

Prints its port, serves until standard input ends. The first part of a path says how the server behaves, the last names a
file of FOLDER; what stands between is ignored:
  /range/F   ranges, ETag                     /plain/F    ignores ranges
  /cut/F     breaks off after 100,000 bytes   /slow/F     10,000 bytes every 20 ms
  /moved/F   redirects to /range/F, with the length and SHA-256 in X-Linked headers, as Hugging Face does
  /lying/F   the same with a wrong SHA-256    /short/F    announces and sends 1,000 bytes less
  /long/F    sends 1,000 bytes more           /refused/F  403

Every request adds a line to LOG, a JSON object {method, path, range}, before it is answered.
"""

import hashlib
import http.server
import json
import os
import sys
import threading
import time

FOLDER, LOG = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(body=True)

    def do_HEAD(self):
        self.answer(body=False)

    def answer(self, body):
        wanted = self.headers.get("Range")
        with open(LOG, "a") as log:
            log.write(json.dumps({"method": self.command, "path": self.path, "range": wanted}) + "\n")
        habit, name = self.path.split("/")[1], self.path.split("/")[-1]
        path = os.path.join(FOLDER, name)
        if habit == "refused":
            return self.send(403, {}, b"no")
        if not os.path.isfile(path):
            return self.send(404, {}, b"nothing there")
        with open(path, "rb") as file:
            data = file.read()
        digest = hashlib.sha256(data).hexdigest()
        if habit in ("moved", "lying"):
            told = digest if habit == "moved" else "0" * 64
            linked = {"X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{told}"', "ETag": '"of the redirection"'}
            return self.send(302, linked | {"Location": f"/range/{name}"}, b"over there")
        if habit == "short":
            data = data[:-1000]
        elif habit == "long":
            data += bytes(1000)
        headers = {"ETag": f'"{digest}"'} if habit == "range" else {}
        start = 0
        if wanted and habit != "plain":
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(data):
                return self.send(416, {"Content-Range": f"bytes */{len(data)}"}, b"")
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.send(206 if "Content-Range" in headers else 200, headers, data[start:] if body else b"", habit, len(data) - start)

    def send(self, status, headers, data, habit="", length=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        if self.command == "HEAD":
            return
        if habit == "cut" and len(data) > 100_000:
            self.wfile.write(data[:100_000])
            self.close_connection = True
        elif habit == "slow":
            for offset in range(0, len(data), 10_000):
                self.wfile.write(data[offset : offset + 10_000])
                self.wfile.flush()
                time.sleep(0.02)
        else:
            self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away in the middle is what the tests are about."""


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
while os.read(0, 1):
    pass
