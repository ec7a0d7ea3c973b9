"""logging.accessLog: in the file, a line for each request, in the format asked for."""
import json

import pytest

from demo.waiting import wait_until
from support import requests
from support.shop import to
from support.versions import both_envoys

GATEWAY_PORT = 8088
GATEWAY_LISTENER = {"portMapping": {"port": GATEWAY_PORT, "protocol": "http"}}


def wait_written(proxy, path, count):
    """So many lines of the log."""

    def written():
        # Envoy writes its logs once in ten seconds, or when it is asked to by an admin call.
        proxy.post("/reopen_logs")
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return len(lines) >= count and lines

    return wait_until(written, 30, "the access log")


@pytest.fixture
def logged(shop):
    """Sets the log of the node `client` and gives what a request writes to it."""
    shop.service("logged", to(shop.application("logged")))

    def lines(**format_):
        path = shop.lab.logs / f"{shop.lab.unique('access')}.log"
        file = {"path": str(path), **({"format": format_} if format_ else {})}
        shop.lab.set_client(logging={"accessLog": {"file": file}})
        shop.lab.settle()
        shop.wait_resolved()
        assert shop.get("logged", "/book?page=1", headers={"user-agent": "reader"}).status == 200
        return wait_written(shop.client, path, 1)

    return lines


@pytest.fixture
def logged_by_gateway(lab, shared_shop, envoy):
    """Makes a gateway with a log and gives what a request from outside writes to it: two lines, as it passes the proxy
    twice. A new one each time: connections that were there before a change keep the log that they had."""
    application = shared_shop.application("behind")

    def lines(**format_):
        name = lab.unique("edge")
        path = lab.logs / f"{name}.log"
        file = {"path": str(path), **({"format": format_} if format_ else {})}
        lab.virtual_gateway(name, listeners=[GATEWAY_LISTENER], logging={"accessLog": {"file": file}})
        service = lab.service(f"{name}.lab", virtualNode=shared_shop.node_of(application))
        lab.gateway_route(name, "all", httpRoute={"match": {"prefix": "/"}, "action": {"target": {
            "virtualService": {"virtualServiceName": service}}}})
        shared_shop.client = proxy = lab.gateway(name, envoy).wait_live()
        shared_shop.wait_resolved()
        outside = lab.network.host("outside")
        answer = requests.ask(outside, "www.example.com", GATEWAY_PORT, "/book", address=proxy.host.address4)
        assert answer.by == "behind"
        return wait_written(proxy, path, 2)

    return lines


@pytest.mark.field("VirtualNodeSpec.logging.accessLog.file.path")
def test_the_default_format(logged):
    (line,) = logged()
    assert '"GET /book?page=1 HTTP/1.1" 200 - 0 ' in line and '"reader"' in line


@pytest.mark.field("VirtualNodeSpec.logging.accessLog.file.format.text")
def test_text(logged):
    (line,) = logged(text="%REQ(:METHOD)% of %REQ(:PATH)% got %RESPONSE_CODE%\n")
    assert line == "GET of /book?page=1 got 200"


@pytest.mark.field("VirtualNodeSpec.logging.accessLog.file.format.json[].{key,value}")
def test_json(logged):
    (line,) = logged(json=[{"key": "path", "value": "%REQ(:PATH)%"}, {"key": "code", "value": "%RESPONSE_CODE%"},
                           {"key": "said", "value": "code %RESPONSE_CODE%"}])
    assert json.loads(line) == {"path": "/book?page=1", "code": 200, "said": "code 200"}


@pytest.mark.field("VirtualGatewaySpec.logging.accessLog.file.path")
@both_envoys
def test_the_default_format_of_a_gateway(logged_by_gateway):
    lines = logged_by_gateway()
    assert all('"GET /book HTTP/1.1" 200 - 0 ' in line for line in lines), lines


@pytest.mark.field("VirtualGatewaySpec.logging.accessLog.file.format.text")
@both_envoys
def test_text_of_a_gateway(logged_by_gateway):
    assert logged_by_gateway(text="%REQ(:METHOD)% got %RESPONSE_CODE%\n") == ["GET got 200"] * 2


@pytest.mark.field("VirtualGatewaySpec.logging.accessLog.file.format.json[].{key,value}")
@both_envoys
def test_json_of_a_gateway(logged_by_gateway):
    lines = logged_by_gateway(json=[{"key": "code", "value": "%RESPONSE_CODE%"}, {"key": "said", "value": "got %RESPONSE_CODE%"}])
    assert [json.loads(line) for line in lines] == [{"code": 200, "said": "got 200"}] * 2


def test_no_log_without_the_field(shop):
    shop.service("unlogged", to(shop.application()))
    shop.settle().get("unlogged")
    assert "access_log" not in json.dumps(shop.client.get("/config_dump?resource=dynamic_listeners"))
