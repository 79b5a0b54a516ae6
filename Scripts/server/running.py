"""A server that is started for a check, and requests to it."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import urllib.parse

PHOTOS = pathlib.Path("Examples/photos")


class Running:
    """The server's process, on a free port of this machine."""

    def __init__(self, program, *arguments, token=None):
        environment = {name: value for name, value in os.environ.items() if name != "SAN_TOKEN"}
        if token:
            environment["SAN_TOKEN"] = token
        self.log = open(".build/server.log", "ab")
        self.process = subprocess.Popen(
            [program, "--port", "0", "--no-cache", *arguments], env=environment, stdout=subprocess.PIPE, stderr=self.log
        )
        self.address = self.process.stdout.readline().decode().strip()
        if not self.address.startswith("http://127.0.0.1:"):
            raise SystemExit(f"the server does not start; see {self.log.name}")
        self.port = urllib.parse.urlsplit(self.address).port

    def ask(self, method, target, body=None, headers={}):
        """Sends a request on a connection of its own; returns status, headers and body."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)) as connection:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def figure(self, name, default=0.0):
        """A figure of /metrics."""
        for line in self.ask("GET", "/metrics")[2].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return default

    def stop(self):
        """Sends SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=300)
        self.process.stdout.close()
        self.log.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def photo(name):
    return (PHOTOS / name).read_bytes()


def report(body):
    """An answer's JSON without what differs from run to run."""
    found = json.loads(body)
    for name in ("timings_ms", "total_ms"):
        del found[name]
    return found


def require(truth, message):
    if not truth:
        raise SystemExit(f"check-server: {message}")
