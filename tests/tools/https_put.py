# SPDX-License-Identifier: GPL-2.0-or-later
"""A small HTTPS server that takes uploads: usage: https_put.py DIRECTORY

DIRECTORY holds server.crt and server.key. It listens on port 443, IPv4 and
IPv6, answers PUT with 201 once it has the whole body, and prints a line.
"""
import http.server
import os
import socket
import ssl
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        length = int(self.headers.get("Content-Length", 0))
        have = 0
        while have < length:
            part = self.rfile.read(min(65536, length - have))
            if not part:
                return
            have += len(part)
        print("put", self.path, have, flush=True)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "test", self.server_address[1]

    def get_request(self):
        # The handshake is the connection's own business, not the accept loop's.
        sock, addr = super().get_request()
        return CONTEXT.wrap_socket(sock, server_side=True,
                                   do_handshake_on_connect=False), addr


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(os.path.join(sys.argv[1], "server.crt"),
                        os.path.join(sys.argv[1], "server.key"))
Server(("::", 443), Handler).serve_forever()
