"""Proxies that must prove who they are: real Envoys that sign their stream with SigV4 (contract/envoy.md §7.4)."""
import json

import pytest

from conftest import ENVOYS, keeping_logs
from demo.waiting import wait_until
from demo.world import World

NODE = "mesh/shop/virtualNode/cart"


@pytest.fixture(scope="module", params=ENVOYS)
def shop(request):
    """A control plane that asks proxies for signatures, with the node `cart`."""
    with keeping_logs(request, World(envoy=request.param, closed_streams=True)) as world:
        world.client.create_mesh(meshName="shop")
        listener = {"portMapping": {"port": 8080, "protocol": "http"}}
        for node in ("cart", "till"):
            world.client.create_virtual_node(
                meshName="shop", virtualNodeName=node,
                spec={"listeners": [listener], "serviceDiscovery": {"dns": {"hostname": f"{node}.shop"}}})
        yield world


def refused(world, words):
    wait_until(lambda: words in world.control.log(), 30, f"'{words}' in the control plane's log")


def test_a_signed_stream_is_served(shop):
    proxy = shop.proxy(NODE, key=shop.make_key("proxy", "AWSAppMeshEnvoyAccess"))
    proxy.wait_live()
    assert any(row["id"] == NODE for row in shop.control.proxies())
    # The key is of the environment: nobody else is asked for one.
    assert "metadata_server" not in proxy.get("/clusters")
    proxy.stop()


def test_a_stream_without_signature_is_refused(shop):
    proxy = shop.proxy(NODE).wait_admin()
    refused(shop, "refused: Missing Authentication Token")
    assert not proxy.is_live()
    proxy.stop()


def test_a_stream_with_a_wrong_secret_is_refused(shop):
    key = shop.make_key("forger", "AWSAppMeshEnvoyAccess")
    proxy = shop.proxy(NODE, key={**key, "SecretAccessKey": "wrong"}).wait_admin()
    refused(shop, "The request signature we calculated does not match")
    assert not proxy.is_live()
    proxy.stop()


def test_a_policy_says_which_proxies_a_key_may_be(shop, tmp_path):
    document = tmp_path / "cart.json"
    document.write_text(json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "appmesh:StreamAggregatedResources",
        "Resource": "arn:aws:appmesh:us-east-1:000000000000:mesh/shop/virtualNode/cart"}]}), encoding="utf-8")
    shop.control.command("policy", "put", "--account", "000000000000", "--name", "cart", "--file", document)
    key = shop.make_key("cart", "cart")
    cart = shop.proxy(NODE, key=key).wait_live()
    till = shop.proxy("mesh/shop/virtualNode/till", key=key).wait_admin()
    refused(shop, "user/cart is not authorized to perform: appmesh:StreamAggregatedResources")
    assert not till.is_live()
    cart.stop()
    till.stop()


@pytest.mark.parametrize("ending", ["disable", "detach"])
def test_a_stream_ends_within_ten_seconds_of_its_permission(shop, ending):
    user = f"ends-by-{ending}"
    whose = ["--account", "000000000000", "--user", user]
    proxy = shop.proxy(NODE, key=shop.make_key(user, "AWSAppMeshEnvoyAccess")).wait_live()
    before = proxy.config_dump()
    if ending == "disable":
        shop.control.command("keys", "disable", *whose)
    else:
        shop.control.command("policy", "detach", *whose, "--name", "AWSAppMeshEnvoyAccess")
    # The bound is the contract's: 10 s.
    wait_until(lambda: shop.control.proxies() == [], 10, "the stream's end")
    # It keeps what it has, and its application goes on.
    assert proxy.is_live()
    assert [c["@type"] for c in proxy.config_dump()["configs"]] == [c["@type"] for c in before["configs"]]
    if ending == "disable":
        shop.control.command("keys", "enable", *whose)
    else:
        shop.control.command("policy", "attach", *whose, "--name", "AWSAppMeshEnvoyAccess")
    wait_until(lambda: len(shop.control.proxies()) == 1, 30, "its return")
    proxy.stop()
    wait_until(lambda: shop.control.proxies() == [], 30, "its end")
