"""200 writers in each other's way: what is left obeys every rule. SOAK_SECONDS and SOAK_SEED say how long and which."""
import collections
import json
import os
import pathlib
import subprocess

import check_state

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOAK = ROOT / "build" / "release" / "tests" / "soak" / "soak"
SECONDS = os.environ.get("SOAK_SECONDS", "4")
SEED = os.environ.get("SOAK_SEED", "1")
VERBS = {"create", "update", "delete", "describe", "set"}


def by_code(counts):
    """{"200": ..., "409 ConflictException": ...} of {"create route 200": ...}."""
    codes = collections.Counter()
    for what, count in counts.items():
        words = what.split()
        codes[" ".join(words[2 if words[0] in VERBS else 1:])] += count
    return codes


def test_two_hundred_writers(tmp_path):
    ran = subprocess.run([SOAK, SECONDS, SEED, tmp_path / "data"], capture_output=True, text=True, check=False,
                         timeout=float(SECONDS) + 120)
    assert ran.stdout, ran.stderr
    state = json.loads(ran.stdout)
    codes = by_code(state["counts"])
    print(f"seed {SEED}, {SECONDS} s: {sum(codes.values())} operations, {state['newest']} commits, {dict(codes)}")
    assert state["failures"] == []
    assert ran.returncode == 0
    assert check_state.check(state) == {}
    # It is about nothing unless writers got through, and got in each other's way.
    made = {what.split()[1] for what in state["counts"] if what.startswith("create ") and what.endswith(" 200")}
    assert made == {"mesh", *check_state.SEGMENTS}
    for code in ("409 ResourceInUseException", "409 ConflictException", "400 BadRequestException",
                 "400 LimitExceededException", "403 ForbiddenException", "404 NotFoundException"):
        assert codes[code] > 0, code
