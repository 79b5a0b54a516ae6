"""Holds a built server to what its README promises. Usage: check.py PROGRAM [--screenshot FILE] [--only PART] [--requests N]"""

import argparse
import pathlib
import socket
import subprocess
import threading
import time

import load
import page
from running import Running, photo, require


def description(program):
    """schemathesis: what the description allows is answered as it says, what it does not is refused."""
    # Small limits, so that thousands of made-up requests take little; what is random is no photo, which no schema can say,
    # so that "what the schema allows is accepted" cannot be asked of bodies.
    with Running(program, "--waiting", "200") as server:
        command = [
            "schemathesis", "run", f"{server.address}/openapi.json", "--checks", "all",
            "--exclude-checks", "positive_data_acceptance", "--max-examples", "60", "--seed", "1", "--workers", "2",
            "--generation-database", "none", "--request-timeout", "120", "--no-color",
        ]  # fmt: skip
        require(subprocess.run(command, cwd=".build").returncode == 0, "schemathesis has found something")
        require(server.ask("GET", "/health")[0] == 200, "the server is gone after schemathesis")
        require(server.stop() == 0, "the server ends in an error after schemathesis")


def token(program):
    """Nobody asks anything without the token, and the page asks for it."""
    with Running(program, token="a secret") as server:
        require(server.ask("GET", "/v1/models")[0] == 401, "models are told without the token")
        right = {"Authorization": "Bearer a secret"}
        require(server.ask("GET", "/v1/models", headers=right)[0] == 200, "models are not told with the token")
        page.token(server, "a secret")


def signals(program):
    """SIGTERM: what runs is answered, nobody new is let in, and the status is 0."""
    with Running(program, "--runs", "1") as server:
        answers = []

        def ask():
            answers.append(server.ask("POST", "/v1/segment?vocabulary=coco-stuff-171", photo("astronaut.png"))[0])

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        while server.figure("san_running") + server.figure("san_waiting") < 3:
            time.sleep(0.01)
        status = server.stop()
        for thread in threads:
            thread.join()
        require(answers == [200] * 3, f"SIGTERM: the answers are {answers}")
        require(status == 0, f"SIGTERM: exit status {status}")
        with socket.socket() as probe:
            require(probe.connect_ex(("127.0.0.1", server.port)) != 0, "the port is still open")


def taken(program):
    """A port that is taken is said so."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = subprocess.run([program, "--port", port], capture_output=True, text=True, timeout=60)
        require(done.returncode == 69 and "--port" in done.stderr, f"a port that is taken: {done.returncode} {done.stderr}")
        require(done.stdout == "", "an address is printed that nobody listens at")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--screenshot", type=pathlib.Path)
    parser.add_argument("--only")
    parser.add_argument("--requests", type=int, default=1000, help="how many the load has")
    options = parser.parse_args()

    def loaded(program):
        with Running(program) as server:
            load.check(server, options.requests)

    def shown(program):
        with Running(program) as server:
            page.check(server, options.screenshot)

    parts = {
        "taken": taken, "signals": signals, "page": shown, "token": token, "description": description, "load": loaded,
    }  # fmt: skip
    for name, part in parts.items():
        if options.only in (None, name):
            print(f"{name} …", flush=True)
            part(options.program)
    print("The server does what it says.")


main()
