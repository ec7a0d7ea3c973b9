"""Control planes in the states in which they answer the API's errors. Each is a real one; what it takes
to get there is done from outside, as it would happen to a user."""
import contextlib
import sqlite3

from demo.mesh import ACCOUNT
from demo.world import World


@contextlib.contextmanager
def database(world):
    opened = sqlite3.connect(world.directory / "data/chancery.db", isolation_level=None, timeout=30)
    with contextlib.closing(opened):
        yield opened


@contextlib.contextmanager
def normal():
    with World() as world:
        yield world


@contextlib.contextmanager
def with_a_damaged_record():
    """What was answered to the client token `damaged` is overwritten by another process; records of tokens are read
    from the file with each call."""
    with World() as world:
        world.client.create_mesh(meshName="damaged", clientToken="damaged")
        with database(world) as opened:
            changed = opened.execute("UPDATE entry SET value = x'ff' WHERE CAST(key AS TEXT) LIKE 'idem/%/damaged'")
            assert changed.rowcount == 1
        yield world


@contextlib.contextmanager
def without_writes():
    """Another process holds the store's write lock for longer than the control plane waits for it."""
    with World() as world, database(world) as opened:
        opened.execute("BEGIN IMMEDIATE")
        yield world
        opened.execute("ROLLBACK")


@contextlib.contextmanager
def with_a_quota():
    """The account may have no mesh at all."""
    with World() as world:
        world.control.command("quota", "set", "--account", ACCOUNT, "--name", "meshes-per-account", "--limit", "0")
        yield world


@contextlib.contextmanager
def with_a_rate_limit():
    """One call in a quarter of an hour, and it was made."""
    with World(arguments=["--api-rate", "0.001", "--api-burst", "1"]) as world:
        world.client.list_meshes()
        yield world


# By the name in errors.json.
CONDITIONS = {
    "normal": normal,
    "a damaged record": with_a_damaged_record,
    "a quota": with_a_quota,
    "a rate limit": with_a_rate_limit,
    "a store that takes no writes": without_writes,
}
