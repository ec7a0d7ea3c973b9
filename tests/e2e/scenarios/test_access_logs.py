"""logging.accessLog: in the file, a line for each request, in the format asked for."""
import json

import pytest

from demo.waiting import wait_until
from support.shop import to


@pytest.fixture
def logged(shop):
    """Sets the log of the node `client` and gives what a request writes to it."""
    shop.service("logged", to(shop.application("logged")))
    files = []

    def lines(**format_):
        path = shop.lab.logs / f"{shop.lab.unique('access')}.log"
        files.append(path)
        file = {"path": str(path), **({"format": format_} if format_ else {})}
        shop.lab.set_client(logging={"accessLog": {"file": file}})
        shop.lab.settle()
        shop.wait_resolved()
        assert shop.get("logged", "/book?page=1", headers={"user-agent": "reader"}).status == 200
        # Envoy writes its logs once in ten seconds, or when it is asked to by an admin call.
        shop.client.post("/reopen_logs")
        return wait_until(lambda: path.exists() and path.read_text(encoding="utf-8").splitlines(), 30, "the access log")

    yield lines


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


def test_no_log_without_the_field(shop):
    shop.service("unlogged", to(shop.application()))
    shop.settle().get("unlogged")
    assert "access_log" not in json.dumps(shop.client.get("/config_dump?resource=dynamic_listeners"))
