"""A smoke test: starts the server, and asks it twice."""

import http.server
import threading
import urllib.request

import server

application = http.server.HTTPServer(("127.0.0.1", 8000), server.Handler)
threading.Thread(target=application.serve_forever, daemon=True).start()
for _ in range(2):
    print(urllib.request.urlopen("http://127.0.0.1:8000/").read().decode())
