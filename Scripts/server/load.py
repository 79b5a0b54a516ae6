"""Questions at 8 at once, each with its photo: none is lost, all of a kind are answered the same, and memory stays flat."""

import concurrent.futures
import time

from running import photo, report, require

AT_ONCE = 8
# A photo and what is asked about it.
KINDS = [
    ("coffee.png", "classes=cup,spoon,table&background=none"),
    ("rocket.jpg", "classes=rocket,sky&outputs=labels"),
    ("chelsea.png", "vocabulary=coco-80"),
    ("camera.png", "classes=person,grass,sky&threshold=0.1&outputs=labels,overlay"),
]


def check(server, requests):
    files = {name: photo(name) for name, _ in KINDS}
    first = {}
    resident = []

    def ask(number):
        name, query = KINDS[number % len(KINDS)]
        status, _, body = server.ask(
            "POST", f"/v1/segment?{query}", files[name], {"Content-Type": "application/octet-stream"}
        )
        return number % len(KINDS), status, body

    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for number, (kind, status, body) in enumerate(pool.map(ask, range(requests)), 1):
            require(status == 200, f"request {number} of the load: {status} {body[:200]}")
            require(report(body) == first.setdefault(kind, report(body)), f"request {number} is answered otherwise")
            if number % max(requests // 10, 1) == 0:
                resident.append(server.figure("process_resident_memory_bytes") / 1e6)
                print(f"  {number} answered, resident {resident[-1]:.0f} MB", flush=True)
    seconds = time.monotonic() - start
    counted = server.figure('san_requests_total{path="/v1/segment",status="200"}')
    require(counted == requests, f"the server counts {counted:.0f} answers")
    # What the first fifth leaves behind is what the allocator keeps for later ones.
    require(max(resident[2:]) < 1.1 * resident[1] + 20, f"memory grows: {resident} MB")
    print(f"  {requests} requests at {AT_ONCE} at once in {seconds:.0f} s: {requests / seconds:.1f} a second, none lost")
