"""One honest reader beside floods: half requests, slow bodies, sign-ins, large questions that nobody
waits for, questions about snapshots that are not built.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.reading import Served, Times

SECONDS = 15
CROWD = 120


@dataclass(frozen=True)
class Flood:
    """What the reader met: times, refusals, and the server's memory in MB before and after."""

    times: Times
    before: float
    after: float


def _raw(served: Served, sent: bytes) -> socket.socket:
    place = urlsplit(served.url)
    opened = socket.create_connection((place.hostname, place.port), timeout=5)
    opened.sendall(sent)
    return opened


def _half_requests(served: Served, _: int) -> None:
    held = []
    while True:
        with contextlib.suppress(OSError):
            held.append(_raw(served, b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "))
        held = held[-20:]
        time.sleep(0.05)


def _slow_bodies(served: Served, _: int) -> None:
    head = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n"
    while True:
        with contextlib.suppress(OSError), _raw(served, head) as opened:
            while True:
                opened.sendall(b"x")
                time.sleep(0.5)


def _sign_ins(served: Served, number: int) -> None:
    form = {"email": f"nobody-{number}@example.com", "password": "not the password"}
    with httpx.Client(base_url=served.url, timeout=60) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                client.post("/sign-in", data=form)


def _large_questions(served: Served, number: int) -> None:
    cookies = {"kampass": served.cookies[1 + number % (len(served.cookies) - 1)]}
    year = 2016 + number % 8
    address = f"/api/v1/kpis?period={year}..{year + 2}&grain=day&kpi=" + "&kpi=".join(_KPIS)
    with httpx.Client(base_url=served.url, cookies=cookies, timeout=2, verify=False) as client:  # noqa: S501 - loopback
        while True:
            with contextlib.suppress(httpx.HTTPError):
                client.get(address)


def _unbuilt_snapshots(served: Served, number: int) -> None:
    cookies = {"kampass": served.cookies[1 + number % (len(served.cookies) - 1)]}
    with httpx.Client(base_url=served.url, cookies=cookies, timeout=60) as client:
        for second in range(10_000):
            at = f"2026-01-01T{number % 24:02}:{second % 60:02}:00Z"
            with contextlib.suppress(httpx.HTTPError):
                client.get(f"/api/v1/kpis/mrr_end?period=2025-11&known_at={at}")
            time.sleep(0.2)


_KPIS = ("nrr", "mrr_end", "customer_churn_rate", "nps", "csat", "touches", "first_response_time")
ATTACKS: dict[str, tuple[Callable[[Served, int], None], int]] = {
    "half requests": (_half_requests, 20),
    "slow bodies": (_slow_bodies, CROWD),
    "sign-ins": (_sign_ins, CROWD),
    "large questions, left after 2 s": (_large_questions, 12),
    "snapshots that are not built": (_unbuilt_snapshots, 45),
}


def _crowd(served: Served, attack: str) -> None:
    do, many = ATTACKS[attack]
    for number in range(many):
        threading.Thread(target=do, args=(served, number), daemon=True).start()
    threading.Event().wait()


@contextlib.contextmanager
def _attacked(served: Served, attack: str | None) -> Iterator[None]:
    if attack is None:
        yield
        return
    crowd = multiprocessing.get_context("spawn").Process(target=_crowd, args=(served, attack))
    crowd.start()
    time.sleep(3)
    try:
        yield
    finally:
        if crowd.pid is not None:
            os.kill(crowd.pid, signal.SIGKILL)
        crowd.join()


def measured(served: Served) -> Iterator[tuple[str, Flood]]:
    """The reader alone, then beside each flood."""
    for attack in (None, *ATTACKS):
        before = _megabytes(served.pid)
        with _attacked(served, attack):
            times = _reader(served)
        time.sleep(2)
        yield attack or "alone", Flood(times, before, _megabytes(served.pid))


def _reader(served: Served) -> Times:
    taken, refused, end = [], 0, time.perf_counter() + SECONDS
    pages = ["/", "/sign-in", "/catalogue", "/accounts"]
    with served.client(0) as client:
        while time.perf_counter() < end:
            for page in pages:
                begun = time.perf_counter()
                answer = client.get(page)
                taken.append(time.perf_counter() - begun)
                refused += answer.status_code >= 400
                time.sleep(0.05)
    return Times(tuple(taken), refused)


def _megabytes(pid: int) -> float:
    """What a process holds in memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
