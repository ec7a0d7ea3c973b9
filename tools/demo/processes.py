"""Child processes that never outlive this one, whatever ends it."""
import ctypes
import os
import signal
import subprocess

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent(parent):
    """In the child, before exec: the kernel kills it when the thread that started it ends."""

    def prepare():
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)

    return prepare


class Child:
    """A process with a log file. Start it from the main thread: the kernel ties its life to the
    thread that started it. It has a session of its own, so Ctrl-C reaches it only through us. It runs as the
    user and group `user`, if there is one, and prints to `stdout` and `stderr` instead of the log; `more` goes to
    subprocess.Popen."""

    def __init__(self, name, arguments, log_path, stdout=None, stderr=None, user=None, **more):
        self.name = name
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=stderr or log,
                bufsize=0, start_new_session=True, preexec_fn=_die_with_parent(os.getpid()), user=user,
                group=user, extra_groups=None if user is None else [], **more)

    @property
    def pid(self):
        return self._process.pid

    @property
    def stdout(self):
        return self._process.stdout

    def running(self):
        return self._process.poll() is None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def assert_running(self):
        if not self.running():
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}:\n{self.log()[-2000:]}")

    def kill(self):
        """As kill -9 would, and waits until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self, timeout=10):
        """SIGTERM, SIGKILL after `timeout`; returns the exit code."""
        self._end(signal.SIGTERM, timeout)
        return self._process.returncode

    def _end(self, number, timeout=10):
        if self.running():
            self._process.send_signal(number)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
