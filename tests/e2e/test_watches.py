"""The example mesh, with the oldest and the newest Envoy: split, canary, weights under load."""
import time

import pytest

from demo import load, mesh
from demo.waiting import wait_until

SPLIT_REQUESTS = 4000


@pytest.mark.field("RouteSpec.httpRoute.action.weightedTargets[].{virtualNode,weight}",
                   "VirtualServiceSpec.provider.virtualRouter",
                   "VirtualRouterSpec.listeners[].portMapping")
def test_the_split_is_90_to_10_both_ways_in(each_watches):
    mesh.set_split(each_watches.world.client, search=90, fastersearch=10)
    for make in (each_watches.client_load, each_watches.gateway_load):
        traffic = make(rate=1000, connections=8, limit=SPLIT_REQUESTS).start().join()
        traffic.assert_no_failure()
        # Five standard deviations of 4,000 draws are 2.4 %.
        assert abs(100 * traffic.versions["v1"] / SPLIT_REQUESTS - 90) <= 2.5, traffic.counts()


@pytest.mark.field("RouteSpec.httpRoute.match.headers[].{name,match.exact}",
                   "RouteSpec.httpRoute.match.prefix",
                   "RouteSpec.priority")
def test_every_canary_request_reaches_v2(each_watches):
    for make in (each_watches.client_load, each_watches.gateway_load):
        traffic = make(headers={"x-canary": "true"}, rate=500, limit=500).start().join()
        assert traffic.counts() == {"v2": 500}, traffic.failures[:3]


def test_another_value_of_the_canary_header_is_no_canary(each_watches):
    traffic = each_watches.client_load(headers={"x-canary": "false"}, rate=500, limit=300).start().join()
    traffic.assert_no_failure()
    assert traffic.versions["v1"] > 200


@pytest.mark.field("GatewayRouteSpec.httpRoute.match.prefix",
                   "GatewayRouteSpec.httpRoute.action.target.virtualService",
                   "VirtualGatewaySpec.listeners[].portMapping")
def test_the_gateway_rewrites_prefix_and_host(each_watches):
    status, answer = load.get(each_watches.gateway_address, path="/search?q=diver")
    assert (status, answer["path"]) == (200, "/?q=diver")
    assert answer["headers"]["host"] == "search.watches"
    assert load.get(each_watches.gateway_address, path="/other")[0] == 404


def test_a_host_that_is_no_backend_is_not_found(each_watches):
    assert load.get(each_watches.client_address, host="unknown.watches")[0] == 404


@pytest.mark.field("VirtualNodeSpec.listeners[].portMapping",
                   "VirtualNodeSpec.backends[].virtualService.virtualServiceName",
                   "VirtualNodeSpec.serviceDiscovery.dns.hostname")
def test_the_website_answers_through_its_own_proxy(each_watches):
    status, answer = load.get(f"{each_watches.website.ingress}:8080", headers={"x-canary": "true"})
    assert status == 200 and answer["service"] == "website"
    assert answer["search"]["version"] == "v2"


def test_weights_change_under_load_without_a_failed_request(each_watches):
    world = each_watches.world
    mesh.set_split(world.client, search=90, fastersearch=10)
    with each_watches.client_load(rate=200) as inside, each_watches.gateway_load(rate=100) as outside:
        for weights in ({"search": 50, "fastersearch": 50}, {"search": 0, "fastersearch": 100},
                        {"search": 100, "fastersearch": 0}, {"search": 90, "fastersearch": 10}) * 3:
            state = world.control.wait_live("watches", mesh.set_split(world.client, **weights))
            assert state["rejected"] == 0 and state["acknowledged"] == 2, state  # website and edge, nobody else
            for traffic in (inside, outside):
                finish_requests(traffic)
                before = traffic.counts()
                finish_requests(traffic, 30)
                during = traffic.counts() - before
                for node, version in (("search", "v1"), ("fastersearch", "v2")):
                    assert weights[node] or not during[version], f"{during} at {weights}"
    inside.assert_no_failure()
    outside.assert_no_failure()


def finish_requests(traffic, more=0):
    """Returns when every request that was under way, and `more` after them, are done."""
    enough = traffic.total + 2 * traffic.connections + more
    wait_until(lambda: traffic.total >= enough, 30, "answers")


def test_proxies_are_told_apart_and_up_to_date(each_watches):
    seen = {proxy["id"]: proxy for proxy in each_watches.world.control.proxies()}
    assert set(seen) == {proxy.resource for proxy in each_watches.proxies}
    for proxy in seen.values():
        assert not proxy["orphaned"]
        for name, kind in proxy["types"].items():
            assert kind["sent"] and kind["sent"] == kind["acknowledged"], (proxy["id"], name, kind)
            assert not kind["rejected"]


def test_no_proxy_rejected_or_warned_about_anything(each_watches):
    for proxy in each_watches.proxies:
        rejected = {name: value for name, value in proxy.stats("rejected").items() if value}
        assert not rejected, proxy.resource
        assert proxy.stats("runtime.deprecated_feature_use")["runtime.deprecated_feature_use"] == 0
        assert proxy.stats("dynamic_unknown_fields")["server.dynamic_unknown_fields"] == 0
        assert "eprecated" not in proxy.child.log()


def test_nothing_is_sent_when_nothing_changes(each_watches):
    # Of the answers of the control plane alone: DNS clusters count their own updates.
    answers = r"^(cluster_manager\.cds|listener_manager\.lds|http\..*\.rds\..*)\.update_(success|attempt)$"

    def updates():
        return [proxy.stats(answers) for proxy in each_watches.proxies]

    before = updates()
    time.sleep(3)  # three times the hold before a route; silence can only be watched for a while
    assert updates() == before and all(before)
