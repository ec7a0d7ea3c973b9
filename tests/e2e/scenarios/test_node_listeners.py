"""A virtual node's own listeners: the server's side of a connection, behind the redirect rules."""
import pytest

from demo.waiting import wait_until
from support import http2, requests

HTTP, OTHER, HTTP2, TCP, UNDECLARED = 8080, 8090, 8082, 9000, 9999


@pytest.fixture(scope="module")
def server(lab):
    """The node `server` with four listeners, its proxy, its applications, and a host outside the mesh that calls it."""
    mappings = [(HTTP, "http"), (OTHER, "http"), (HTTP2, "http2"), (TCP, "tcp")]
    lab.node("server", serviceDiscovery={"dns": {"hostname": "server.lab"}}, listeners=[
        {"portMapping": {"port": port, "protocol": protocol}} for port, protocol in mappings])
    proxy = lab.sidecar("server", [port for port, _ in mappings])
    proxy.applications = {port: lab.serve(protocol, str(port), proxy.host, port=port) for port, protocol in mappings}
    proxy.applications[UNDECLARED] = lab.tcp_application(str(UNDECLARED), proxy.host, "0.0.0.0", UNDECLARED)
    proxy.outside = lab.network.host("outside")
    return proxy.wait_live()


def ask(server, port, **how):
    return requests.ask(server.outside, "server", port, address=server.host.address4, **how)


@pytest.mark.field("VirtualNodeSpec.listeners[].portMapping.{port,protocol}")
def test_each_listener_leads_to_its_own_port(server):
    for port in (HTTP, OTHER):
        answer = ask(server, port)
        assert answer.by == str(port) and answer.headers["server"] == "envoy"
    assert http2.ask(server.outside, "server", HTTP2, address=server.host.address4).by == str(HTTP2)
    with requests.connect(server.outside, TCP, address=server.host.address4) as connection:
        assert requests.receive(connection) == b"hello from 9000\n"


def test_any_host_name_is_served(server):
    for name in ("server", "other.example:1234", "10.0.0.1"):
        assert requests.ask(server.outside, name, HTTP, address=server.host.address4).by == str(HTTP)


def test_a_port_that_is_no_listener_bypasses_the_proxy(server):
    before = server.stats(r"^listener\..*_15000\.downstream_cx_total$")
    with requests.connect(server.outside, UNDECLARED, address=server.host.address4) as connection:
        assert requests.receive(connection) == b"hello from 9999\n"
    assert server.stats(r"^listener\..*_15000\.downstream_cx_total$") == before


def test_several_listeners_have_statistics_of_their_own(server):
    ask(server, HTTP)
    ask(server, OTHER)
    counted = server.stats(r"^http\.ingress\.http\.(8080|8090)\.downstream_rq_2xx$")
    assert len(counted) == 2 and all(counted.values())


def test_a_node_whose_application_is_down_answers_503(server):
    server.applications[OTHER].close()
    assert ask(server, OTHER).status == 503
    assert ask(server, HTTP).status == 200


@pytest.mark.field("VirtualNodeSpec.backends[].virtualService.virtualServiceName")
def test_from_one_proxy_to_another(server, shop):
    shop.provide("server", port=HTTP, virtualNode="server")
    shop.settle()
    answer = wait_until(lambda: (found := shop.get("server")).status == 200 and found, 30, "an answer")
    assert answer.by == str(HTTP)
    # Both proxies say that they were in the way.
    assert answer.headers["server"] == "envoy" and "x-envoy-upstream-service-time" in answer.headers
    received = server.applications[HTTP].last.headers
    assert received["host"] == shop.services["server"][0] and received["x-request-id"]
