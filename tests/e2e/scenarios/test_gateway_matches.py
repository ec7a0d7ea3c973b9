"""Matches of gateway routes: the same as those of routes, but for the scheme and gRPC's method."""
import pytest

from support import matches
from support.gateway import PORT, Gateway
from support.keeping import keeping_logs
from support.lab import Lab
from support.shop import PORTS
from support.versions import both_envoys

LISTENERS = {PORT + number: protocol for number, protocol in enumerate(PORTS)}


@pytest.fixture(scope="module")
def gateway(request):
    """A listener of each protocol, and for each match a host: what it takes goes to `taken`, the rest to `rest`."""
    with keeping_logs(request, Lab()) as lab:
        made = Gateway(lab, LISTENERS)
        for port, protocol in LISTENERS.items():
            made.port, made.protocol = port, protocol
            for name in ("taken", "rest"):
                made.service(name)
            for name, (match, _, _) in matches.OF_GATEWAY_ROUTES[protocol].items():
                hostname = {"exact": f"{name}.example.com"}
                made.route(f"{protocol}-{name}", "taken", {**match, "hostname": hostname}, priority=1)
                made.route(f"{protocol}-not-{name}", "rest", made.anything(hostname=hostname), priority=2)
        made.settle()
        yield made


@pytest.mark.field("GatewayRouteSpec.{httpRoute,http2Route}.match.{prefix,method,path,headers,queryParameters}",
                   "GatewayRouteSpec.grpcRoute.match.{serviceName,metadata}")
@pytest.mark.parametrize("protocol,match", matches.cases(matches.OF_GATEWAY_ROUTES))
@both_envoys
def test_match_at_the_gateway(gateway, envoy, protocol, match):
    port = next(port for port, of in LISTENERS.items() if of == protocol)
    matches.check(matches.OF_GATEWAY_ROUTES[protocol][match],
                  lambda **how: gateway.ask(envoy=envoy, port=port, host=f"{match}.example.com", **how).by)


@pytest.mark.field("VirtualGatewaySpec.listeners[].portMapping.{port,protocol}")
@both_envoys
def test_listeners_of_several_protocols_serve_side_by_side(gateway, envoy):
    """Behind them is one listener for all, that takes either version of HTTP."""
    assert {protocol: gateway.ask(envoy=envoy, port=port, host="header-absent.example.com").by
            for port, protocol in LISTENERS.items()} == dict.fromkeys(PORTS, "taken")
    served = gateway.proxies[envoy].stats(r"^http\.(ingress\..*|egress)\.downstream_rq_completed$")
    assert set(served) == {"http.egress.downstream_rq_completed", *(
        f"http.ingress.{protocol}.{port}.downstream_rq_completed" for port, protocol in LISTENERS.items())}
    assert all(served.values())
