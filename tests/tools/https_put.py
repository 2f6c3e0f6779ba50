# SPDX-License-Identifier: GPL-2.0-or-later
"""A small HTTPS server that takes uploads: https_put.py DIRECTORY

DIRECTORY holds server.crt and server.key. It listens on port 443, IPv4 and
IPv6, and answers a PUT with 201 once it has the whole body. It imports little:
in an emulated guest http.server alone takes seconds to load.
"""
import _thread
import socket
import ssl
import sys

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def serve(sock):
    with CONTEXT.wrap_socket(sock, server_side=True) as tls:
        data = b""
        while b"\r\n\r\n" not in data:
            part = tls.recv(65536)
            if not part:
                return
            data += part
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
        if b"expect" in fields:
            tls.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        have = len(body)
        while have < int(fields.get(b"content-length", 0)):
            part = tls.recv(65536)
            if not part:
                return
            have += len(part)
        if lines[0].startswith(b"PUT "):
            tls.sendall(ANSWER)


def attempt(sock):
    try:
        serve(sock)
    except (OSError, ValueError) as err:
        print(err, flush=True)


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(sys.argv[1] + "/server.crt", sys.argv[1] + "/server.key")
LISTENER = socket.socket(socket.AF_INET6)
LISTENER.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
LISTENER.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
LISTENER.bind(("::", 443))
LISTENER.listen(64)
while True:
    _thread.start_new_thread(attempt, (LISTENER.accept()[0],))
