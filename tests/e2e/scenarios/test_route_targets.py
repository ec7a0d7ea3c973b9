"""action.weightedTargets, and the ports of routers and nodes: which listener a route is for, and which it leads to."""
import pytest

from support.shop import PORTS, free_port, to
from support.versions import both_envoys

PROTOCOLS = ["http", "http2", "grpc", "tcp"]
# The two listeners of a router.
TWO = {**PORTS, "tcp": (free_port(), free_port())}
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


def on(protocol, port):
    """The match of a route for that listener of its router."""
    return {**({"prefix": "/"} if protocol.startswith("http") else {}), "port": port}


@pytest.fixture(scope="module")
def routed(shared_shop):
    """For each protocol the services of all tests; one has its prefix, as in `tcp-colors`."""
    shop = shared_shop
    for protocol in PROTOCOLS:
        def service(name, *routes, of=protocol, **more):
            shop.service(f"{of}-{name}", *routes, protocol=of, **more)

        blue, green, grey, one, other = (shop.application(name, protocol)
                                         for name in ("blue", "green", "grey", "one", "other"))
        low, high = (shop.lab.application(name, protocol) for name in ("low", "high"))
        shop.of(low, protocol, others=[high])
        first, second = TWO[protocol]
        service("colors", to({blue: 3, green: 1, grey: 0}))
        service("low", to(low))
        service("high", to(high))
        service("low-and-high", to(low, high))
        service("ported", to(one, match=on(protocol, first), priority=1),
                to(other, match=on(protocol, second), priority=2), port=first, second=second)
        if protocol != "tcp":  # where services share a port
            service("half", to(one, match=on(protocol, first)), port=first, second=second)
    return shop.settle()


@pytest.fixture
def who(routed, clients, envoy, protocol):
    """Whom calls of a service reach."""
    routed.client = clients[envoy]
    routed.wait_resolved()
    return lambda name, port=None: {routed.who(f"{protocol}-{name}", port) for _ in range(4)}


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute,tcpRoute}.action.weightedTargets[].{virtualNode,weight}")
@every_protocol
@both_envoys
def test_weights_divide_the_calls(routed, clients, envoy, protocol):
    routed.client = clients[envoy]
    routed.wait_resolved()
    answers = routed.count(f"{protocol}-colors", 200)
    # Five standard deviations of 200 draws are 31.
    assert abs(answers["blue"] - 150) <= 31 and set(answers) == {"blue", "green"}, answers


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute,tcpRoute}.action.weightedTargets[].port")
@every_protocol
@both_envoys
def test_a_targets_port_chooses_the_listener_of_its_node(routed, who, protocol):
    assert who("low") == {"low"}
    assert who("high") == {"high"}
    assert set(routed.count(f"{protocol}-low-and-high", 40)) == {"low", "high"}


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute,tcpRoute}.match.port")
@every_protocol
@both_envoys
def test_a_route_with_a_port_is_for_that_listener_of_its_router_alone(who, protocol):
    first, second = TWO[protocol]
    assert who("ported", first) == {"one"}
    assert who("ported", second) == {"other"}


@pytest.mark.parametrize("protocol", PORTS)
def test_a_listener_that_no_route_is_for_finds_none(who, protocol):
    first, second = TWO[protocol]
    assert who("half", first) == {"one"}
    assert who("half", second) == {"grpc 12" if protocol == "grpc" else 404}
