"""A local web server that misbehaves on request, and catalogue entries that point to it."""

import hashlib
import io
import re
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from solar.published.catalogue import Entry, File

BIG = bytes(range(256)) * 2000  # 512,000 bytes


class Server(ThreadingHTTPServer):
    """`files`: path -> bytes. `script`: path -> what to do with the next requests, one word each:

    'cut' breaks off half way, 'stall' sends half and falls silent, a number is a status, 'whole'
    ignores ranges, 'html' sends a web page, 'wrong' other bytes of the same length, 'unsized' says
    no length, 'shifted' answers another range, 'changed' has another version, 'https' and 'http...'
    lead elsewhere, 'moved http...' for good. Without a word: a good answer.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {}
        self.script = {}
        self.requests = []
        self.always = {}  # path -> a word for all requests
        self.silence = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass  # clients that went away


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path, server = self.path.lstrip("/"), self.server
        server.requests.append((path, self.headers.get("Range"), self.headers.get("If-Range")))
        steps = server.script.get(path)
        word = steps.pop(0) if steps else server.always.get(path, "")
        content = server.files.get(path)
        if content is None or (isinstance(word, str) and word.isdigit()):
            self.answer(int(word or 404), b"an error page", {"Retry-After": "0"})
            return
        if word.startswith("http"):
            self.answer(302, b"", {"Location": word})
            return
        if word.startswith("moved "):
            self.answer(301, b"", {"Location": word.removeprefix("moved ")})
            return
        if word == "html":
            self.answer(200, b"<html>sorry</html>", {"Content-Type": "text/html; charset=utf-8"})
            return
        if word in ("wrong", "changed"):
            content = bytes(255 - byte for byte in content)
        tag = f'"{hashlib.sha256(content).hexdigest()[:8]}"'
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", tag) == tag
        start = int(found[1]) if found and word != "whole" and same else 0
        headers = {"ETag": tag} if word != "untagged" else {}
        if found and start >= len(content):
            self.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        if start:
            first = start + 7 if word == "shifted" else start
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        self.answer(206 if start else 200, content[start:], headers, word)

    def answer(self, status, body, headers, word=""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if word == "unsized":
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if word in ("cut", "stall"):
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)
        self.wfile.flush()
        if word == "stall":
            self.server.silence.wait(20)


@contextmanager
def serving():
    server = Server()
    threading.Thread(
        target=server.serve_forever, kwargs=dict(poll_interval=0.02), daemon=True
    ).start()
    try:
        yield server
    finally:
        server.silence.set()
        server.shutdown()
        server.server_close()


def entry(*files: File, name="stand-in", **changes) -> Entry:
    facts = dict(
        kind="training",
        folder=name,
        what="a stand-in",
        enables="tests",
        licence="none",
        gigabytes=0.01,
        by_hand="the attic of example.org",
        proof="",
    )
    return Entry(name, files=tuple(files), **facts | changes)


def tar_of(members: dict, zipped=True) -> bytes:
    """name -> bytes, or a tarfile type (link, device ...)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz" if zipped else "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes) and content in tarfile.SUPPORTED_TYPES:
                member.type, member.linkname = content, "/etc/passwd"
                tar.addfile(member)
            else:
                member.size, member.mtime = len(content), 4_000_000_000  # a clock from the future
                tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zip_of(members: dict, mode=0o100644) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return out.getvalue()
