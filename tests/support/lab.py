"""A mesh whose proxies run on hosts of their own, with a control plane, DNS and applications on the hub."""
import contextlib
import itertools
import pathlib
import shutil
import tempfile

from demo import mesh
from demo.control_plane import ControlPlane
from demo.dns_server import DnsServer
from demo.proxies import find_envoy
from demo.world import ROOT, default_binary
from support.applications import HttpApplication, TcpApplication
from support.grpc_application import GrpcApplication
from support.http2 import Http2Application
from support.namespaces import HUB4, HUB6, Network
from support.sidecar import Sidecar

MESH = "lab"
HTTP_PORT = 8080  # where every HTTP service of the lab is called
_SERVERS = {"http": HttpApplication, "http2": Http2Application, "grpc": GrpcApplication, "tcp": TcpApplication}


class Lab:
    """Everything that runs, and what ends it; use as a context manager. The thread that enters it is on the hub until it
    leaves it."""

    def __init__(self, spec=None, families=(4, 6)):
        """The mesh's spec, and which families the hub is reached over."""
        self._hub = HUB4 if 4 in families else HUB6
        self.binary = default_binary()
        self._spec = spec or {}
        self._ends = contextlib.ExitStack()
        self._numbers = itertools.count(1)
        # What the virtual node `client` may call, by name: what goes into each backend besides.
        self.backends = {}
        self._has_client = False
        self.keep = False

    def __enter__(self):
        # A folder that the proxies' user can enter, wherever the checkout is.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="chancery-lab-"))
        self.directory.chmod(0o755)
        self.logs = self.directory / "logs"
        self.logs.mkdir()
        self.logs.chmod(0o777)
        try:
            self.network = Network()
            self._ends.callback(self.network.close)
            self._ends.enter_context(self.network.hub.inside())
            self.dns = DnsServer(self._hub)
            self._ends.callback(self.dns.close)
            self.dns.set("hub.lab", self._hub)
            self.control = ControlPlane(self.binary, self.directory, self._bracketed(), [
                "--insecure-no-auth", "--insecure-xds-bind"
            ])
            self.control.api = self.control.admin = "127.0.0.1:0"  # of the hub; the proxies need neither
            self._ends.callback(self.control.stop)
            self.control.start()
            self.client = mesh.connect(self.control.endpoint_url, mesh.ANY_KEY)
            self._pending = [mesh.transaction_of(self.client.create_mesh(meshName=MESH, spec=self._spec))]
        except BaseException:
            self._ends.close()
            raise
        return self

    def _bracketed(self):
        return f"[{self._hub}]" if ":" in self._hub else self._hub

    def __exit__(self, kind, *_):
        self._ends.close()
        if kind in (None, KeyboardInterrupt, SystemExit) and not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            print(f"data and logs: {self.directory}")

    def unique(self, name):
        return f"{name}-{next(self._numbers)}"

    def closing(self, thing):
        self._ends.callback(thing.close)
        return thing

    def application(self, name, protocol):
        """On the hub. It takes gRPC as HTTP/2 that it is, so that it can be told to reset and refuse."""
        return self.serve("http2" if protocol == "grpc" else protocol, name)

    def http_application(self, name, host=None, address=None, port=0, tls=None):
        """On the hub, or on `host`."""
        with (host or self.network.hub).inside():
            return self.closing(HttpApplication(name, address or ("127.0.0.1" if host else HUB4), port, tls))

    def tcp_application(self, name, host=None, address=None, port=0, **how):
        with (host or self.network.hub).inside():
            return self.closing(TcpApplication(name, address or ("127.0.0.1" if host else HUB4), port, **how))

    def serve(self, protocol, name, host=None, address=None, port=0):
        """An application that speaks what a listener of `protocol` expects: gRPC by gRPC's own server, for one."""
        with (host or self.network.hub).inside():
            return self.closing(_SERVERS[protocol](name, address or ("127.0.0.1" if host else HUB4), port))

    def sidecar(self, node, ports=(), envoy="newest", families=(4,), more=()):
        """The proxy of the virtual node `node` on a new host, with the rules in force; `node`.lab leads to it. Without an
        ipPreference a proxy takes IPv4 alone, so its host has no more. Not waited for."""
        return self._proxy("virtualNode", node, ports, envoy, families, more)

    def gateway(self, name, envoy="newest", families=(4,), more=()):
        return self._proxy("virtualGateway", name, None, envoy, families, more)

    def _proxy(self, kind, name, ports, envoy, families, more):
        host = self.network.host(self.unique(name), families)
        self.dns.set(f"{name}.lab", *(address for address in (host.address4, host.address6) if address))
        proxy = Sidecar(host, f"mesh/{MESH}/{kind}/{name}", ports or (), 6 in families)
        if ports is not None:
            proxy.intercept(self.binary)
        self._ends.callback(proxy.stop)
        return self._start(proxy, envoy, more)

    def _start(self, proxy, envoy, more=()):
        binary = find_envoy(ROOT / "build" / "env" / f"envoy-{envoy}")
        return proxy.start(binary, self.binary, self.control.xds, self.dns.endpoint, self.directory, more)

    def restart(self, proxy, envoy="newest"):
        """Another process in the place of the proxy's. Not waited for."""
        proxy.child.kill()
        self._start(proxy, envoy)

    def set_client(self, **spec):
        """The node `client`, which has no listener, with `backends` as they are now."""
        backends = [{"virtualService": {"virtualServiceName": name, **more}} for name, more in self.backends.items()]
        self.node("client", update=self._has_client, backends=backends, **spec)
        self._has_client = True

    def settle(self):
        """Returns when every proxy has what the changes made of its configuration."""
        while self._pending:
            # Each: a proxy that the last one did not touch may still wait for what an earlier one sends it.
            state = self.control.wait_live(MESH, self._pending.pop())
            assert state["rejected"] == 0, state

    # The API in short. Each returns the name.

    def _call(self, method, **arguments):
        self._pending.append(mesh.transaction_of(getattr(self.client, method)(meshName=MESH, **arguments)))

    def change(self, kind, **arguments):
        self._call(f"update_{kind}", **arguments)

    def delete(self, kind, **arguments):
        self._call(f"delete_{kind}", **arguments)

    def change_mesh(self, spec):
        self.change("mesh", spec=spec)

    def node(self, name, update=False, **spec):
        self._call("update_virtual_node" if update else "create_virtual_node", virtualNodeName=name, spec=spec)
        return name

    def service(self, name, **provider):
        """`virtualNode` or `virtualRouter` names what provides it."""
        ((kind, of),) = provider.items()
        self._call("create_virtual_service", virtualServiceName=name, spec={"provider": {kind: {f"{kind}Name": of}}})
        return name

    def router(self, name, *listeners):
        self._call("create_virtual_router", virtualRouterName=name,
                   spec={"listeners": [{"portMapping": mapping} for mapping in listeners]})
        return name

    def route(self, router, name, update=False, **spec):
        self._call("update_route" if update else "create_route", virtualRouterName=router, routeName=name, spec=spec)
        return name

    def virtual_gateway(self, name, update=False, **spec):
        self._call("update_virtual_gateway" if update else "create_virtual_gateway", virtualGatewayName=name, spec=spec)
        return name

    def gateway_route(self, gateway, name, update=False, **spec):
        self._call("update_gateway_route" if update else "create_gateway_route", virtualGatewayName=gateway,
                   gatewayRouteName=name, spec=spec)
        return name
