"""http2Route: what only HTTP/2 has. What it shares with others is in test_http_routes.py, test_retries.py and so on."""
import pytest

from support.shop import to
from support.versions import both_envoys


@pytest.fixture(scope="module")
def two(shared_shop):
    """`http-secure` and `http2-secure` lead to `taken` what a client says that it asked for by https."""
    shop = shared_shop
    for protocol in ("http", "http2"):
        taken, rest = (shop.application(name, protocol) for name in ("taken", "rest"))
        shop.service(f"{protocol}-secure", to(taken, match={"prefix": "/", "scheme": "https"}, priority=1),
                     to(rest, match={"prefix": "/", "scheme": "http"}, priority=2), protocol=protocol)
    shop.service("shared", to(shop.application("shared", "http2")), protocol="http2")
    return shop.settle()


@pytest.mark.field("RouteSpec.{httpRoute,http2Route}.match.scheme")
@both_envoys
def test_scheme(two, clients, envoy):
    """A client of HTTP/1 has no scheme to send: who has ended its TLS says so in its place."""
    two.client = clients[envoy]
    two.wait_resolved()
    assert [two.get("http2-secure", scheme=scheme).by for scheme in ("https", "http")] == ["taken", "rest"]
    forwarded = [{"x-forwarded-proto": "https"}, {}]
    assert [two.get("http-secure", headers=headers).by for headers in forwarded] == ["taken", "rest"]


def test_many_requests_share_a_connection(two):
    assert [two.get("shared").status for _ in range(5)] == [200] * 5
    assert list(two.client.stats(r"^cluster\.cds_egress_lab_shared.*\.upstream_cx_total$").values()) == [1]
