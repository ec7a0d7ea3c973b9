"""kill -9 of the control plane under a stream of writes, twenty times."""
import random
import threading
import time
import uuid

import botocore.exceptions
import pytest

from demo import mesh
from demo.control_plane import ControlPlane
from demo.waiting import wait_until

KILLS = 20
LEDGER = "ledger"


class Writer:
    """Writes one virtual service after the other to a mesh that no proxy belongs to, and keeps what
    was answered. One call at a time, each tried once: what fails may or may not have been done."""

    def __init__(self, world):
        self._client = world.connect(world.key)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        # Who holds it keeps the writer from its next write.
        self.pause = threading.Lock()
        self.answered = []  # (name, token, uid, txn)
        self.unanswered = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        number = 0
        while not self._stop.is_set():
            number += 1
            name, token = f"s{number}.{LEDGER}", str(uuid.uuid4())
            try:
                with self.pause:
                    response = create(self._client, name, token)
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                self.unanswered += 1
                self._stop.wait(0.01)
                continue
            self.answered.append((name, token, uid_of(response), mesh.transaction_of(response)))


def create(client, name, token):
    return client.create_virtual_service(meshName=LEDGER, virtualServiceName=name, spec={}, clientToken=token)


def uid_of(response):
    return response["virtualService"]["metadata"]["uid"]


def verify(client, answered):
    """Each answered write is there, and a retry of it is answered as it was."""
    for name, token, uid, txn in answered:
        described = client.describe_virtual_service(meshName=LEDGER, virtualServiceName=name)
        assert uid_of(described) == uid, name
        again = create(client, name, token)
        assert uid_of(again) == uid, name
        assert mesh.transaction_of(again) == txn, name


def update_counters(proxy):
    """What grows when Envoy takes a response, of any type."""
    return {name: value for name, value in proxy.stats(r"\.update_(success|rejected)$").items() if "rds" in name
            or name.startswith(("cluster_manager.", "listener_manager."))}


def test_kill_under_writes(watches):
    world = watches.world
    world.client.create_mesh(meshName=LEDGER)
    counters = [update_counters(proxy) for proxy in watches.proxies]
    assert all(counters)
    verified = 0
    with watches.client_load(rate=100) as inside, watches.gateway_load(rate=50) as outside, \
            Writer(world) as writer:
        for _ in range(KILLS):
            enough = len(writer.answered) + random.randint(5, 60)
            wait_until(lambda: len(writer.answered) >= enough, 60, "answered writes")
            world.control.kill()
            world.control.start()
            # The writer would be faster than what checks it.
            with writer.pause:
                known = list(writer.answered)
                verify(world.client, known[verified:])
                verified = len(known)
    verify(world.client, writer.answered[verified:])
    for name, _, uid, _ in writer.answered:
        assert uid_of(world.client.describe_virtual_service(meshName=LEDGER, virtualServiceName=name)) == uid, name
    txns = [txn for _, _, _, txn in writer.answered]
    assert txns == sorted(set(txns)), "transaction numbers went back or were used twice"
    inside.assert_no_failure()
    outside.assert_no_failure()
    wait_connected(watches)
    assert [update_counters(proxy) for proxy in watches.proxies] == counters


def wait_connected(watches):
    wanted = {proxy.resource for proxy in watches.proxies}
    connected = watches.world.control.proxies
    wait_until(lambda: {proxy["id"] for proxy in connected()} == wanted, 60, "all proxies connected")


def test_a_change_after_a_restart_reaches_every_proxy(watches):
    control = watches.world.control
    with watches.client_load(rate=100) as traffic:
        control.kill()
        control.start()
        wait_connected(watches)
        state = control.wait_live("watches", mesh.set_split(watches.world.client, search=0, fastersearch=100))
        assert state["acknowledged"] == 2
        wait_until(lambda: traffic.versions["v2"] > 50, 30, "answers of v2")
    traffic.assert_no_failure()


def test_a_change_made_while_proxies_are_away_reaches_them(watches):
    """The write is taken by a control plane that its proxies have not found again yet."""
    control = watches.world.control
    control.kill()
    control.start()
    mesh.set_split(watches.world.client, search=0, fastersearch=100)
    wait_connected(watches)

    def only_v2():
        traffic = watches.client_load(rate=500, limit=50).start().join()
        traffic.assert_no_failure()
        return traffic.counts() == {"v2": 50}

    wait_until(only_v2, 30, "only v2 answering")


def test_a_second_opener_of_the_data_directory_says_so_and_exits(world):
    second = ControlPlane(world.binary, world.directory, world.subnet.address())
    with pytest.raises(RuntimeError, match="ended with"):
        second.start()
    assert world.client.list_meshes()["meshes"] == []


def test_sigterm_ends_it_cleanly(world):
    world.client.create_mesh(meshName="kept")
    began = time.monotonic()
    assert world.control.stop() == 0
    assert time.monotonic() - began < 10  # the limit after which stop() would have killed it
    world.control.start()
    assert [found["meshName"] for found in world.client.list_meshes()["meshes"]] == ["kept"]
