"""Waiting for something to become true."""
import time


def wait_until(probe, timeout, what, interval=0.02):
    """Calls `probe` until it returns something true, and returns that. TimeoutError names `what`
    and the last error. Only the errors of a peer that is not there yet count as "not yet"."""
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            result = probe()
            if result:
                return result
        except (OSError, ConnectionError) as error:
            last = error
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {timeout} s" + (f" ({last})" if last else ""))
        time.sleep(interval)
