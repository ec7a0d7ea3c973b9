"""tcpRoute: whole connections, chosen by port."""
import pytest

from support import requests
from support.shop import to
from support.versions import both_envoys


def tcp(shop, name, **how):
    return shop.of(shop.lab.tcp_application(name, **how), "tcp")


@both_envoys
def test_a_server_that_speaks_first_is_heard_at_once(shop):
    """An inspector of TLS on every port would wait for the client's first bytes, for 15 seconds."""
    shop.service("mysql", to(tcp(shop, "mysql")), protocol="tcp")
    shop.settle()
    with shop.connect("mysql", timeout=5) as connection:
        assert requests.receive(connection) == b"hello from mysql\n"
        connection.sendall(b"query")
        assert requests.receive(connection) == b"query"


@both_envoys
def test_a_target_of_weight_zero_gets_nothing_and_breaks_nothing(shop):
    """Envoy refuses a listener with a TCP target of weight 0; App Mesh's API takes it."""
    one, other = tcp(shop, "one"), tcp(shop, "other")
    shop.service("switched", to({one: 1, other: 0}), protocol="tcp")
    shop.settle()
    assert {shop.greeting("switched") for _ in range(8)} == {"one"}
    shop.reroute("switched", 0, to({one: 0, other: 1}), "tcp")
    shop.settle()
    assert {shop.greeting("switched") for _ in range(8)} == {"other"}


def test_each_port_is_a_service_of_its_own(shop):
    for name in ("postgres", "redis"):
        shop.service(name, to(tcp(shop, name)), protocol="tcp")
    shop.settle()
    assert (shop.greeting("postgres"), shop.greeting("redis")) == ("postgres", "redis")


@pytest.mark.field("RouteSpec.tcpRoute.timeout.idle")
def test_idle_closes_a_connection_on_which_nothing_moves(shop):
    application = tcp(shop, "idle")
    idle = {"idle": {"unit": "s", "value": 1}}
    shop.service("closed", to(application, timeout=idle), protocol="tcp")
    shop.service("kept", to(application), protocol="tcp")
    shop.settle()
    with shop.connect("closed") as closed, shop.connect("kept") as kept:
        assert requests.receive(closed) and requests.receive(kept)
        assert requests.receive(closed) == b""  # its end
        kept.sendall(b"still there")
        assert requests.receive(kept) == b"still there"


def test_an_application_that_is_gone_closes_the_connection(shop):
    gone = tcp(shop, "gone")
    gone.close()
    shop.service("gone", to(gone), protocol="tcp")
    shop.settle()
    assert shop.greeting("gone") == ""
