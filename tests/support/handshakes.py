"""Load in which each request makes a connection, and with it a handshake, of its own."""
import http.client
import threading
import time

from demo.waiting import wait_until


class Handshakes:
    """Load in which each request has a connection of its own; `ask` sends one and returns what is counted. Use as a
    context manager."""

    def __init__(self, ask, threads=2):
        self._ask = ask
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.seen, self.failures = [], []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def _run(self):
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                one = (began, self._ask())
            except (OSError, http.client.HTTPException, AssertionError) as error:
                with self._lock:
                    self.failures.append(repr(error))
                continue
            with self._lock:
                self.seen.append(one)

    def since(self, moment):
        """What requests that began later have seen."""
        with self._lock:
            return [what for began, what in self.seen if began > moment]

    def wait_for_more(self, count=20):
        """Returns after so many more requests, with what they saw."""
        moment = time.monotonic()
        return wait_until(lambda: len(seen := self.since(moment)) >= count and seen, 30, "more requests")

    def assert_no_failure(self):
        assert not self.failures, f"{len(self.failures)} failures, {len(self.seen)} good ones: {self.failures[:3]}"

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()
