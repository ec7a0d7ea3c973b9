"""Proxies that come before their node, stay after it, or refuse what they get; backends that dangle."""
import time

import pytest

from demo import load, mesh
from demo.waiting import wait_until
from demo.world import PORT

MESH = "lab"
SOON_SECONDS = 1.0


def node_spec(hostname, backends=(), log=None):
    spec = {
        "listeners": [{"portMapping": {"port": PORT, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": hostname}},
        "backends": [{"virtualService": {"virtualServiceName": name}} for name in backends],
    }
    if log:
        spec["logging"] = {"accessLog": {"file": {"path": log}}}
    return spec


@pytest.fixture
def lab(each_world):
    each_world.client.create_mesh(meshName=MESH)
    return each_world


def create_node(world, name, **options):
    response = world.client.create_virtual_node(meshName=MESH, virtualNodeName=name,
                                                spec=node_spec(f"{name}.lab", **options))
    return mesh.transaction_of(response)


def update_node(world, name, **options):
    response = world.client.update_virtual_node(meshName=MESH, virtualNodeName=name,
                                                spec=node_spec(f"{name}.lab", **options))
    return mesh.transaction_of(response)


def status_of(world, proxy):
    """What /proxies says about a proxy; nothing while it is not connected."""
    return next((row for row in world.control.proxies() if row["id"] == proxy.resource), None)


def start_waiting(world, name):
    """A proxy on an open stream whose node does not exist."""
    proxy = world.node(name, name, f"{name}.lab", mesh_name=MESH)
    wait_until(lambda: status_of(world, proxy), 60, "the stream")
    return proxy


def test_a_proxy_before_its_node_is_served_within_a_second_of_its_creation(lab):
    proxy = start_waiting(lab, "early")
    assert not proxy.clusters() and not proxy.is_live()
    txn = create_node(lab, "early")
    began = time.monotonic()
    state = lab.control.wait_live(MESH, txn)
    elapsed = time.monotonic() - began
    assert state["acknowledged"] == 1, state
    assert elapsed <= SOON_SECONDS, f"{elapsed:.3f} s"  # the issue's own bound
    proxy.wait_live()
    assert load.get(f"{proxy.ingress}:{PORT}")[1]["version"] == "early"


def test_a_proxy_whose_node_is_deleted_keeps_its_configuration(lab):
    create_node(lab, "late")
    proxy = lab.node("late", "late", "late.lab", mesh_name=MESH).wait_live()
    clusters, listeners = proxy.clusters(), proxy.listeners()
    assert clusters and listeners and not status_of(lab, proxy)["orphaned"]
    with load.Load(f"{proxy.ingress}:{PORT}", rate=100) as traffic:
        lab.client.delete_virtual_node(meshName=MESH, virtualNodeName="late")
        wait_until(lambda: status_of(lab, proxy)["orphaned"], 30, "orphaned in /proxies")
        assert (proxy.clusters(), proxy.listeners()) == (clusters, listeners)
    traffic.assert_no_failure()
    create_node(lab, "late")
    wait_until(lambda: not status_of(lab, proxy)["orphaned"], 30, "no longer orphaned")


def test_a_rejected_listener_is_shown_once_and_harms_nobody_else(lab):
    bad_path = "/no-such-directory/access.log"
    create_node(lab, "bad")
    create_node(lab, "good")
    bad = lab.node("bad", "bad", "bad.lab", mesh_name=MESH).wait_live()
    good = lab.node("good", "good", "good.lab", mesh_name=MESH).wait_live()
    before = good.stats(r"\.update_(success|rejected)$")
    with load.Load(f"{bad.ingress}:{PORT}", rate=100) as traffic:
        txn = update_node(lab, "bad", log=bad_path)

        def rejected():
            lds = status_of(lab, bad)["types"]["lds"]
            return lds if lds["rejected"] else None

        lds = wait_until(rejected, 30, "the NACK in /proxies")
        assert bad_path in lds["message"]
        assert lab.control.transaction(MESH, txn)["rejected"] == 1
        wait_until(lambda: bad_path in lab.control.log(), 30, "the NACK in the log")
        assert nack_metric(lab) == 1
        refusals = bad.stats(r"^listener_manager\.lds\.update_rejected$")["listener_manager.lds.update_rejected"]
        assert refusals == 1
        # Other transactions, of other nodes and of this one's clusters, do not send it again.
        for number in range(5):
            lab.control.wait_live(MESH, create_node(lab, f"other-{number}"))
        time.sleep(2)  # a loop would have shown thousands by now
        assert nack_metric(lab) == 1
        assert bad.stats(r"^listener_manager\.lds\.update_rejected$")["listener_manager.lds.update_rejected"] == 1
    traffic.assert_no_failure()  # what it had is still in force
    assert good.stats(r"\.update_(success|rejected)$") == before
    good_status = status_of(lab, good)
    assert not any(kind["rejected"] for kind in good_status["types"].values())
    lab.control.wait_live(MESH, update_node(lab, "bad"))
    wait_until(lambda: not status_of(lab, bad)["types"]["lds"]["rejected"], 30, "the end of the rejection")


def nack_metric(world):
    """How many listener responses of the mesh were rejected, as /metrics says."""
    counted = [line for line in world.control.metrics().splitlines()
               if line.startswith("chancery_xds_nacks_total{") and f'mesh="{MESH}"' in line and 'type="lds"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in counted)


@pytest.mark.field("VirtualServiceSpec.provider.virtualNode")
def test_a_backend_that_does_not_exist_yet_works_once_it_does(lab):
    create_node(lab, "client", backends=["books.lab"])
    client = lab.node("client", "client", "client.lab", mesh_name=MESH).wait_live()
    address = f"{client.egress}:{PORT}"
    assert not any("books" in name for name in client.clusters())
    create_node(lab, "books")
    lab.node("books", "books", "books.lab", mesh_name=MESH).wait_live()
    response = lab.client.create_virtual_service(meshName=MESH, virtualServiceName="books.lab",
                                                 spec={"provider": {"virtualNode": {"virtualNodeName": "books"}}})
    lab.control.wait_live(MESH, mesh.transaction_of(response))
    status, answer = wait_until(lambda: answered(address, "books.lab"), 30, "an answer of the new service")
    assert (status, answer["version"]) == (200, "books")


def answered(address, host):
    status, body = load.get(address, host=host)
    return (status, body) if status == 200 else None


def test_many_proxies_of_one_node_get_the_same(lab):
    """Two proxies of one node with addresses of their own."""
    create_node(lab, "twin")
    first = lab.node("twin", "one", "twin.lab", mesh_name=MESH).wait_live()
    second = lab.proxy(f"mesh/{MESH}/virtualNode/twin")
    lab.service(second, "twin", "two")
    second.wait_live()
    assert first.clusters() == second.clusters() and first.listeners() == second.listeners()
    assert load.get(f"{first.ingress}:{PORT}")[1]["version"] == "one"
    assert load.get(f"{second.ingress}:{PORT}")[1]["version"] == "two"
