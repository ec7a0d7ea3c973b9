"""A stop of `chancery envoy` under load.

A request is in flight when Envoy has accepted its connection and read of it. None of these may fail, and what reached the
application is answered. A connection that is refused because the listeners are closed, or that is reset without an answer
because the kernel took it and Envoy did not any more, is the client's to make elsewhere. What this needs of a client is what
HTTP/1.1 asks: it honours `connection: close`.
"""
import http.client
import os
import signal
import socket
import threading
import time

import pytest

from conftest import ENVOYS, keeping_logs
from demo import mesh
from demo.agents import AgentProxy, is_running
from demo.http_service import HttpService
from demo.waiting import wait_until
from demo.world import PORT, World

SEARCH = "mesh/watches/virtualNode/search"
DRAIN_SECONDS = 5


class Application:
    """Takes as long as it is asked to, and counts what reaches it."""

    def __init__(self):
        self._lock = threading.Lock()
        self.requests = 0

    def answer(self, headers):
        with self._lock:
            self.requests += 1
        time.sleep(float(headers.get("x-seconds", "0")))
        return {}


@pytest.fixture(params=ENVOYS)
def world(request):
    with keeping_logs(request, World(envoy=request.param)) as made:
        mesh.create_example(made.client)
        yield made


class Clients:
    """`count` clients that send requests one after the other until they are refused, each on one connection as long as
    it is not closed."""

    def __init__(self, address, count):
        self._address = address.rsplit(":", 1)
        self._stop = threading.Event()
        self.answered = [0] * count
        self.refused = [False] * count
        self.closes = 0
        self.unaccepted = [0] * count
        self.lost = []
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _connect(self, number):
        """A connection, or nothing when it is refused."""
        connection = http.client.HTTPConnection(self._address[0], int(self._address[1]), timeout=30)
        connection.is_fresh = True
        try:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except ConnectionRefusedError:
            return None
        except OSError:
            # The kernel took it while Envoy closed its listeners: seen already while connecting.
            connection.close()
            self.unaccepted[number] += 1
            return self._connect(number)
        return connection

    def _run(self, number):
        connection = None
        while not self._stop.wait(0.01):
            connection = connection or self._connect(number)
            if connection is None:
                self.refused[number] = True
                return
            connection = self._send(number, connection)

    def _send(self, number, connection):
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            closes = response.getheader("connection") == "close"
            assert response.read() and response.status == 200, response.status
        except (OSError, http.client.HTTPException, AssertionError) as error:
            connection.close()
            if connection.is_fresh and isinstance(error, ConnectionResetError):
                self.unaccepted[number] += 1
                return None
            self.lost.append(f"{time.monotonic():.3f} after {self.answered[number]} answers: {error!r}")
            return None
        connection.is_fresh = False
        self.answered[number] += 1
        if not closes:
            return connection
        self.closes += 1
        connection.close()
        return None


class Slow:
    """One request that takes its time."""

    def __init__(self, address, seconds):
        self.outcome = None
        self._thread = threading.Thread(target=self._run, args=(address.rsplit(":", 1), seconds), daemon=True)
        self._thread.start()

    def _run(self, address, seconds):
        connection = http.client.HTTPConnection(address[0], int(address[1]), timeout=60)
        try:
            connection.request("GET", "/", headers={"x-seconds": str(seconds)})
            self.outcome = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            self.outcome = repr(error)
        finally:
            connection.close()

    def join(self):
        self._thread.join()
        return self.outcome


def started(world, *flags, drain=DRAIN_SECONDS, application=None):
    """An agent with an application behind it that answers, and its address."""
    agent = AgentProxy(SEARCH, world.subnet, ["--drain-wait", str(drain), *flags])
    world.ends.callback(agent.stop)
    service = HttpService(agent.application, PORT, "search", "v1", (application or Application()).answer)
    world.ends.callback(service.close)
    agent.start(world.envoy, world.binary, world.control.xds, world.dns.endpoint, world.directory)
    agent.wait_healthy()
    return agent, f"{agent.ingress}:{PORT}"


def active_requests(agent):
    return agent.stats(r"^http\.ingress.*downstream_rq_active$")


def is_in_flight(agent, count):
    return lambda: sum(active_requests(agent).values()) >= count


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_no_request_in_flight_is_lost(world, number):
    application = Application()
    agent, address = started(world, application=application)
    envoy = agent.envoy_pid()
    with Clients(address, 8) as clients:
        wait_until(lambda: all(clients.answered), 30, "an answer for each client")
        # Longer than the drain; behind its end only this request keeps Envoy.
        slow = Slow(address, DRAIN_SECONDS + 3)
        wait_until(is_in_flight(agent, 1), 30, "the slow request in flight")
        before = sum(clients.answered)
        os.kill(agent.child.pid, number)
        # New connections are taken while it drains; answers ask to close them more and more often.
        wait_until(lambda: clients.closes > 0, 30, "an answer with connection: close")
        late = Slow(address, DRAIN_SECONDS + 2)
        assert slow.join() == 200
        assert late.join() == 200
        wait_until(lambda: not agent.child.running(), 60, "the agent's end")
        wait_until(lambda: all(clients.refused), 30, "every client refused")
    assert agent.child.stop() == 0
    assert clients.lost == []
    # Once each at most: the next connection is refused.
    assert max(clients.unaccepted) <= 1, clients.unaccepted
    assert sum(clients.answered) > before
    assert application.requests == sum(clients.answered) + 2, "an accepted request was not answered"
    assert not is_running(envoy)


def test_without_the_wait_a_slow_request_is_lost(world):
    """The counter-example: the wait for requests in flight is what saves the slow one."""
    agent, address = started(world, "--in-flight-wait", "0")
    slow = Slow(address, DRAIN_SECONDS + 20)
    wait_until(is_in_flight(agent, 1), 30, "the slow request in flight")
    os.kill(agent.child.pid, signal.SIGTERM)
    assert slow.join() != 200
    wait_until(lambda: not agent.child.running(), 30, "the agent's end")
    assert "1 requests in flight" in agent.child.log()


def test_an_idle_proxy_ends_with_its_drain(world):
    agent, address = started(world)
    os.kill(agent.child.pid, signal.SIGTERM)
    wait_until(lambda: not agent.child.running(), 60, "the agent's end")
    assert agent.child.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(tuple(address.rsplit(":", 1))).close()


def test_a_second_interrupt_ends_the_wait(world):
    agent, _ = started(world, drain=110)
    os.kill(agent.child.pid, signal.SIGINT)
    wait_until(lambda: "Envoy drains its listeners" in agent.child.log(), 30, "the drain")
    os.kill(agent.child.pid, signal.SIGINT)
    wait_until(lambda: not agent.child.running(), 60, "the agent's end")
    assert agent.child.stop() == 0
