"""One control plane with its proxies, services and names, on a loopback subnet of its own."""
import contextlib
import pathlib
import shutil
import tempfile

from demo import load, mesh
from demo.addresses import Subnet
from demo.control_plane import ControlPlane
from demo.dns_server import DnsServer
from demo.http_service import HttpService
from demo.proxies import Proxy, find_envoy
from demo.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = 8080  # of every listener of the example


def default_binary():
    binary = ROOT / "build" / "chancery"
    if not binary.exists():
        raise FileNotFoundError(f"{binary} is missing: run make build")
    return binary


class World:
    """Everything that runs, and what ends it. Use as a context manager; the directory with data and
    logs stays when it is left by an exception or `keep` is set. `envoy` is newest or oldest. The API asks
    for signatures, and `key` and `client` are those of a user who may do everything; `is_open` lets in
    anyone. Envoys need credentials with `closed_streams` alone."""

    def __init__(self, envoy="newest", arguments=(), is_open=False, closed_streams=False):
        self.binary = default_binary()
        self.envoy = find_envoy(ROOT / "build" / "env" / f"envoy-{envoy}")
        opened = [] if closed_streams else ["--insecure-no-auth" if is_open else "--insecure-xds-no-auth"]
        self._arguments = [*opened, *arguments]
        self._is_open = is_open
        self.ends = contextlib.ExitStack()
        self.keep = False

    def __enter__(self):
        runs = ROOT / "build" / "run"
        runs.mkdir(parents=True, exist_ok=True)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="world-", dir=runs))
        try:
            self.subnet = Subnet()
            self.ends.callback(self.subnet.close)
            self.dns = DnsServer(self.subnet.address())
            self.ends.callback(self.dns.close)
            self.control = ControlPlane(self.binary, self.directory, self.subnet.address(), self._arguments)
            self.ends.callback(self.control.stop)
            self.control.start()
            self.key = mesh.ANY_KEY if self._is_open else self.make_key("tests", "AWSAppMeshFullAccess")
            self.client = self.connect(self.key)
        except BaseException:
            self.ends.close()
            raise
        return self

    def __exit__(self, kind, *_):
        self.ends.close()
        if kind in (None, KeyboardInterrupt, SystemExit) and not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            print(f"data and logs: {self.directory}")

    def make_key(self, user, *policies, account=mesh.ACCOUNT):
        """A new key of `user`, to whom `policies` are attached."""
        whose = ["--account", account, "--user", user]
        key = self.control.command("keys", "create", *whose)
        for policy in policies:
            self.control.command("policy", "attach", *whose, "--name", policy)
        return key

    def connect(self, key, **more):
        return mesh.connect(self.control.endpoint_url, key, **more)

    def service(self, proxy, name, version, more=None):
        """An HTTP service behind `proxy`."""
        service = HttpService(proxy.application, PORT, name, version, more)
        self.ends.callback(service.close)
        return service

    def proxy(self, resource, hostname=None, key=None, flags=(), xds=None):
        """An Envoy of `resource`; `hostname` leads to its ingress. Its stream is signed with `key`, if there is
        one; `flags` are more of `chancery bootstrap`, and `xds` is where it asks, if not at the
        control plane's first address. Not waited for."""
        proxy = Proxy(resource, self.subnet)
        if hostname:
            self.dns.set(hostname, proxy.ingress)
        self.ends.callback(proxy.stop)
        proxy.start(self.envoy, self.binary, xds or self.control.xds, self.dns.endpoint, self.directory, key, flags)
        return proxy

    def node(self, name, version, hostname, mesh_name="watches"):
        """A virtual node's proxy with a service behind it."""
        proxy = self.proxy(f"mesh/{mesh_name}/virtualNode/{name}", hostname)
        self.service(proxy, name, version)
        return proxy


class Watches:
    """The example mesh with its proxies and services, in `world`."""

    def __init__(self, world):
        self.world = world
        self.txn = mesh.create_example(world.client)
        self.search = world.node("search", "v1", "search.watches")
        self.fastersearch = world.node("fastersearch", "v2", "fastersearch.watches")
        self.website = world.proxy("mesh/watches/virtualNode/website", "website.watches")
        world.service(self.website, "website", "v1", self._ask_search)
        self.edge = world.proxy("mesh/watches/virtualGateway/edge")
        for proxy in self.proxies:
            proxy.wait_live()

    @property
    def proxies(self):
        return [self.search, self.fastersearch, self.website, self.edge]

    @property
    def client_address(self):
        """Where the website's application finds its virtual services."""
        return f"{self.website.egress}:{PORT}"

    @property
    def gateway_address(self):
        return f"{self.edge.ingress}:{PORT}"

    def client_load(self, **options):
        """Load as the website sends it."""
        return load.Load(self.client_address, host="search.watches", **options)

    def gateway_load(self, **options):
        """Load as it comes from outside."""
        return load.Load(self.gateway_address, path="/search", **options)

    def wait_answering(self, timeout=30):
        """Returns when both ways in give answers: names are resolved and routes are there."""
        ways = [(self.client_address, "search.watches", "/"), (self.gateway_address, None, "/search")]
        for address, host, path in ways:
            wait_until(lambda way=(address, host, path): load.get(*way)[0] == 200, timeout, f"an answer from {address}")
        return self

    def _ask_search(self, headers):
        canary = {name: headers[name] for name in ("x-canary",) if name in headers}
        _, answer = load.get(self.client_address, host="search.watches", headers=canary)
        return {"search": answer}
