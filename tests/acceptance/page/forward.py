"""Takes connections from one address to another: `forward.py LISTEN TARGET`. The target `flood` sends for ever."""
import socket
import sys
import threading

PIECE = 16384


def pipe(source, target):
    try:
        while piece := source.recv(PIECE):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # Whoever leaves is followed at once: nothing more is sent for them.
        for one in (source, target):
            try:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                one.close()
            except OSError:
                pass


def flood(client):
    try:
        while True:
            client.sendall(bytes(PIECE))
    except OSError:
        pass


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def serve(client, target):
    if target == "flood":
        return flood(client)
    try:
        server = socket.create_connection(address(target), 20)
    except OSError:
        return client.close()
    server.settimeout(None)
    threading.Thread(target=pipe, args=(client, server), daemon=True).start()
    pipe(server, client)


listener = socket.create_server(address(sys.argv[1]))
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=serve, args=(accepted, sys.argv[2]), daemon=True).start()
