"""Data and logs of what failed stay."""
import contextlib


@contextlib.contextmanager
def keeping_logs(request, world):
    """`world`, whose data and logs stay if a test that used it failed."""
    failed = request.session.testsfailed
    with world as made:
        yield made
        made.keep = request.session.testsfailed > failed
        if made.keep:
            print(f"data and logs: {made.directory}")
