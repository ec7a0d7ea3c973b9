"""What a figure depends on besides the code."""
import os
import statistics
import time


def fsync_ms(directory, rounds=50):
    """The median time of an fsync behind a write of 4 KiB at the end of a file in `directory`, in milliseconds."""
    path = directory / "fsync.probe"
    times = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(rounds):
            file.write(b"x" * 4096)
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    path.unlink()
    return statistics.median(times)


def _model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        return next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), "unknown")


def facts(directory):
    """`directory` is where the data lies."""
    return {"cpu": _model(), "cores": os.cpu_count(), "load_average": round(os.getloadavg()[0], 2),
            "fsync_ms": round(fsync_ms(directory), 3)}
