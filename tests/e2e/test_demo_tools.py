"""The demo's own pieces: what the other tests stand on."""
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

import botocore.validate
import pytest

from demo import load, mesh
from demo.addresses import Subnet
from demo.dns_server import DnsServer
from demo.http_service import HttpService
from demo.processes import Child
from demo.waiting import wait_until


@pytest.fixture
def subnet():
    made = Subnet()
    yield made
    made.close()


@pytest.fixture
def dns(subnet):
    made = DnsServer(subnet.address())
    made.set("Search.Watches", "127.9.8.7")
    yield made
    made.close()


def ask(dns, name, kind):
    """(code, list of addresses) of one query."""
    host, port = dns.endpoint.rsplit(":", 1)
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question = labels + b"\0" + struct.pack("!HH", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(struct.pack("!HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + question, (host, int(port)))
        answer = client.recv(4096)
    identity, flags, _, answers, _, _ = struct.unpack("!HHHHHH", answer[:12])
    assert identity == 4711 and flags & 0x8000
    records = answer[12 + len(question):]
    return flags & 0xF, [socket.inet_ntoa(records[i * 16 + 12:i * 16 + 16]) for i in range(answers)]


def test_dns_answers(dns):
    assert ask(dns, "search.watches", 1) == (0, ["127.9.8.7"])
    assert ask(dns, "SEARCH.watches", 1) == (0, ["127.9.8.7"])
    assert ask(dns, "search.watches", 28) == (0, [])  # AAAA: the name is there, an address is not
    assert ask(dns, "other.watches", 1) == (3, [])
    dns.remove("search.watches")
    assert ask(dns, "search.watches", 1) == (3, [])


@pytest.mark.parametrize("message", [b"", b"x", b"\0" * 12, b"\0" * 11 + b"\1" + b"\xff" * 40, os.urandom(300)])
def test_dns_survives_nonsense(dns, message):
    host, port = dns.endpoint.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(message, (host, int(port)))
    assert ask(dns, "search.watches", 1)[0] == 0


def test_load_counts_versions_and_failures(subnet):
    address = subnet.address()
    service = HttpService(address, 8080, "search", "v1")
    traffic = load.Load(service.address, rate=2000, limit=200).start().join()
    assert traffic.counts() == {"v1": 200}
    traffic.assert_no_failure()
    service.close()
    refused = load.Load(f"{subnet.address()}:8080", rate=2000, limit=20).start().join()
    assert refused.failed == 20 and "refused" in refused.failures[0].detail
    with pytest.raises(AssertionError, match="20 of 20 requests failed"):
        refused.assert_no_failure()


def test_a_service_says_what_it_was_sent(subnet):
    service = HttpService(subnet.address(), 8080, "search", "v2", lambda headers: {"more": len(headers) > 0})
    status, answer = load.get(service.address, host="search.watches", path="/a?b", headers={"X-Canary": "true"})
    assert status == 200
    assert (answer["service"], answer["version"], answer["path"], answer["more"]) == ("search", "v2", "/a?b", True)
    assert answer["headers"]["host"] == "search.watches" and answer["headers"]["x-canary"] == "true"
    service.close()


def test_subnets_of_two_runs_differ():
    first = Subnet()
    assert Subnet._take(first.prefix) is None
    first.close()
    again = Subnet._take(first.prefix)
    assert again
    again.close()


def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path):
    code = f"""
import sys; sys.path.insert(0, {str(pathlib.Path(__file__).resolve().parents[2] / "tools")!r})
from demo.processes import Child
print(Child("sleeper", ["sleep", "600"], {str(tmp_path / "log")!r}).pid, flush=True)
import time; time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_alive(child), 30, "the end of the child")


def is_alive(pid):
    """Runs, and is no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_stop_kills_what_does_not_listen(tmp_path):
    child = Child("deaf", ["sh", "-c", "trap '' TERM; echo on; while :; do sleep 0.05; done"], tmp_path / "log")
    wait_until(lambda: "on" in child.log(), 30, "the trap")
    assert child.stop(timeout=0.2) == -signal.SIGKILL
    assert not child.running()


def test_waiting_names_what_did_not_come():
    with pytest.raises(TimeoutError, match="the moon"):
        wait_until(lambda: False, 0.05, "the moon")
    began = time.monotonic()
    assert wait_until(lambda: 7, 5, "nothing") == 7
    assert time.monotonic() - began < 5


def test_the_example_is_valid_for_the_service_model():
    client = mesh.connect("http://127.0.0.1:1", mesh.ANY_KEY)
    calls = list(mesh.example_calls())
    assert len(calls) == 10
    for method, arguments in calls:
        shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
        report = botocore.validate.ParamValidator().validate(arguments, shape)
        assert not report.has_errors(), report.generate_report()
    splits = [arguments["spec"] for method, arguments in calls if arguments.get("routeName") == "split"]
    assert splits == [mesh.split_spec(search=90, fastersearch=10)]
