"""The second request loads a library that only the full image has, and whose name no file has."""

import ctypes
import ctypes.util
import http.server

REQUESTS = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global REQUESTS
        REQUESTS += 1
        body = b"first"
        if REQUESTS > 1:
            library = ctypes.util.find_library("p" + "q")
            body = b"libpq %d" % ctypes.CDLL(library).PQlibVersion()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


if __name__ == "__main__":
    http.server.HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
