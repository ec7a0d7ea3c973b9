"""The forms that the old profile has instead of today's mean the same to an Envoy. There is none of that age to try, so
the oldest and the newest one stand in: what a form relies on must hold in them too."""
import json

import pytest

import goldens
from demo import load
from demo.addresses import Subnet
from demo.http_service import HttpService
from demo.processes import Child
from demo.proxies import find_envoy
from demo.waiting import wait_until

HEADER = "x-app-mesh-virtual-service"
PORT = 8080


@pytest.fixture(params=["oldest", "newest"])
def envoy(request):
    return find_envoy(goldens.ROOT / f"build/env/envoy-{request.param}")


@pytest.fixture
def subnet():
    made = Subnet()
    yield made
    made.close()


def route_that_sets_the_header():
    """That of the golden, without append_action: it has no effect in the oldest Envoys of the profile."""
    routes = goldens.proxies("gateway-keeps-host", "old")["virtualGateway/edge"]["routes"]
    ingress = next(config for config in routes if config["name"].startswith("rds_ingress"))
    route = next(route for host in ingress["virtual_hosts"] for route in host["routes"]
                 if "request_headers_to_add" in route)
    for option in route["request_headers_to_add"]:
        del option["append_action"]
    return route


def what_arrives(envoy, subnet, directory, route):
    """The header as a service behind `route` sees it, when the client sent one of its own."""
    listen, behind = subnet.address(), subnet.address()
    service = HttpService(behind, PORT, "service", "v1")
    config = directory / f"{listen}.json"
    config.write_text(json.dumps(static_config(route, (listen, PORT), (behind, PORT))))
    proxy = Child("envoy", [envoy, "-c", config, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"],
                  directory / "envoy.log")
    try:
        wait_until(lambda: proxy.assert_running() or load.get(f"{listen}:{PORT}")[0] == 200, 30, "an answer")
        return load.get(f"{listen}:{PORT}", headers={HEADER: "forged.local"})[1]["headers"][HEADER]
    finally:
        proxy.stop(timeout=3)
        service.close()


def static_config(route, listen, service):
    """An Envoy that has `route` alone, before the one `service`."""
    route = {**route, "match": {"prefix": "/"}, "route": {"cluster": "service"}}
    types = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "ingress",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{types}.http.router.v3.Router"}}],
    }

    def address(host, port):
        return {"socket_address": {"address": host, "port_value": port}}

    endpoint = {"endpoint": {"address": address(*service)}}
    return {"static_resources": {
        "listeners": [{"name": "l", "address": address(*listen), "filter_chains": [{"filters": [
            {"name": "http", "typed_config": manager}]}]}],
        "clusters": [{"name": "service", "connect_timeout": "1s", "load_assignment": {
            "cluster_name": "service", "endpoints": [{"lb_endpoints": [endpoint]}]}}],
    }}


def test_a_forged_virtual_service_header_does_not_survive_the_old_form(envoy, subnet, tmp_path):
    route = route_that_sets_the_header()
    assert what_arrives(envoy, subnet, tmp_path, route) == "a.local"
    del route["request_headers_to_remove"]
    assert what_arrives(envoy, subnet, tmp_path, route) == "forged.local, a.local"
