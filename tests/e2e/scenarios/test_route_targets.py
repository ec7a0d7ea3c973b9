"""action.weightedTargets, and the ports of routers and nodes: which listener a route is for, and which it leads to."""
import pytest

from support.shop import PORTS, free_port, to
from support.versions import both_envoys

every_protocol = pytest.mark.parametrize("protocol", ["http", "http2", "grpc", "tcp"])


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute,tcpRoute}.action.weightedTargets[].{virtualNode,weight}")
@every_protocol
@both_envoys
def test_weights_divide_the_calls(shop, protocol):
    blue, green, grey = (shop.application(name, protocol) for name in ("blue", "green", "grey"))
    shop.service("colors", to({blue: 3, green: 1, grey: 0}), protocol=protocol)
    answers = shop.settle().count("colors", 200)
    # Five standard deviations of 200 draws are 31.
    assert abs(answers["blue"] - 150) <= 31 and set(answers) == {"blue", "green"}, answers


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute,tcpRoute}.action.weightedTargets[].port")
@every_protocol
@both_envoys
def test_a_targets_port_chooses_the_listener_of_its_node(shop, protocol):
    low, high = (shop.lab.application(name, protocol) for name in ("low", "high"))
    shop.of(low, protocol, others=[high])
    for name, routes in {"low": to(low), "high": to(high), "both": to(low, high)}.items():
        shop.service(name, routes, protocol=protocol)
    shop.settle()
    assert {shop.who("low") for _ in range(4)} == {"low"}
    assert {shop.who("high") for _ in range(4)} == {"high"}
    assert set(shop.count("both", 40)) == {"low", "high"}


@pytest.mark.field("RouteSpec.{httpRoute,http2Route,grpcRoute,tcpRoute}.match.port")
@every_protocol
@both_envoys
def test_a_route_with_a_port_is_for_that_listener_of_its_router_alone(shop, protocol):
    first, second = PORTS.get(protocol) or (free_port(), free_port())
    one, other = shop.application("one", protocol), shop.application("other", protocol)
    prefix = {"prefix": "/"} if protocol.startswith("http") else {}
    shop.service("ported", to(one, match={**prefix, "port": first}, priority=1),
                 to(other, match={**prefix, "port": second}, priority=2), protocol=protocol, port=first, second=second)
    shop.settle()
    assert {shop.who("ported", first) for _ in range(4)} == {"one"}
    assert {shop.who("ported", second) for _ in range(4)} == {"other"}


@pytest.mark.parametrize("protocol", PORTS)
def test_a_listener_for_which_no_route_is_has_none(shop, protocol):
    first, second = PORTS[protocol]
    prefix = {} if protocol == "grpc" else {"prefix": "/"}
    shop.service("half", to(shop.application("one", protocol), match={**prefix, "port": first}), protocol=protocol, second=second)
    # Something else is there, or the port would be nobody's.
    shop.service("whole", to(shop.application("other", protocol)), protocol=protocol, port=second)
    shop.settle()
    assert shop.who("half") == "one"
    assert shop.who("half", second) == ("grpc 12" if protocol == "grpc" else 404)
    assert shop.who("whole") == "other"
