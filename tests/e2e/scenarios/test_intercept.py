"""`chancery intercept`: who is redirected where. Two applications stand in for the proxy, so an answer says which of its
ports a connection came to."""
import os
import subprocess

import pytest

from demo.world import default_binary
from support.applications import TcpApplication
from support.namespaces import Network

TOOLS = ["nft", "iptables"]
PROXY = 1337
SPEAK = "import socket, sys; print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).recv(99).decode().strip())"


class Street:
    """A house with an application and a proxy, and a neighbour who has the same ports."""

    def __init__(self, tool):
        self.tool = tool
        self.network = Network()
        self.house, self.neighbour = self.network.host("house"), self.network.host("neighbour")
        self._applications = []
        for name, port in [("ingress", 15000), ("egress", 15001), ("application", 8080), ("side door", 8081)]:
            self._serve(self.house, name, port)
        for name, port in [("neighbour", 8080), ("ssh", 22), ("database", 3306)]:
            self._serve(self.neighbour, name, port)

    def _serve(self, host, name, port):
        with host.inside():
            self._applications.append(TcpApplication(name, "::", port))  # of both families

    def intercept(self, *flags, check=True, **how):
        return self.house.run(default_binary(), "intercept", "--with", self.tool, *flags, check=check, **how)

    def rules(self):
        lines = self.house.run("nft", "list", "ruleset").stdout if self.tool == "nft" else "".join(
            self.house.run(f"{name}-save", "-t", "nat").stdout for name in ("iptables", "ip6tables"))
        return [line for line in lines.splitlines() if not line.startswith("#")]

    def out(self, port, family=4, user=0, address=None):
        """Who answers a process of `user` in the house that calls the neighbour."""
        return self._call(self.house, address or getattr(self.neighbour, f"address{family}"), port, user)

    def into(self, port, family=4):
        """Who answers the neighbour that calls the house."""
        return self._call(self.neighbour, getattr(self.house, f"address{family}"), port, 0)

    @staticmethod
    def _call(host, address, port, user):
        said = host.run("/usr/bin/python3", "-c", SPEAK, address, port, user=user, check=False)
        return said.stdout.strip().removeprefix("hello from ")

    def close(self):
        for application in self._applications:
            application.close()
        self.network.close()


@pytest.fixture(params=TOOLS)
def street(request):
    made = Street(request.param)
    yield made
    made.close()


def test_outbound_goes_to_the_egress_port_and_inbound_to_the_ingress_port(street):
    assert (street.out(8080), street.into(8080)) == ("neighbour", "application")
    street.intercept("--ignore-uid", PROXY, "--app-ports", "8080")
    assert (street.out(8080), street.out(3306), street.into(8080)) == ("egress", "egress", "ingress")


def test_the_proxy_itself_is_not_redirected(street):
    street.intercept("--ignore-uid", PROXY)
    assert (street.out(8080, user=PROXY), street.out(8080, user=PROXY + 1)) == ("neighbour", "egress")


def test_a_group_may_be_ignored_instead(street):
    street.intercept("--ignore-gid", PROXY)
    assert (street.out(8080, user=PROXY), street.out(8080, user=PROXY + 1)) == ("neighbour", "egress")


def test_a_port_that_is_not_the_applications_bypasses_the_proxy(street):
    street.intercept("--ignore-uid", PROXY, "--app-ports", "8080")
    assert street.into(8081) == "side door"


def test_ignored_ports_and_ssh(street):
    street.intercept("--ignore-uid", PROXY, "--ignored-ports", "3306")
    assert (street.out(3306), street.out(22), street.out(8080)) == ("database", "ssh", "egress")


def test_ignored_addresses_and_networks(street):
    street.intercept("--ignore-uid", PROXY, "--ignored-ips", f"203.0.113.0/24,{street.neighbour.address4}")
    assert street.out(8080) == "neighbour"
    street.intercept("--ignore-uid", PROXY, "--ignored-ips", "10.77.0.0/16")
    assert street.out(8080) == "neighbour"
    street.intercept("--ignore-uid", PROXY, "--ignored-ips", "10.78.0.0/16")
    assert street.out(8080) == "egress"


def test_other_proxy_ports(street):
    street.intercept("--ignore-uid", PROXY, "--app-ports", "8080", "--egress-port", "8081", "--ingress-port", "15001")
    assert (street.out(8080), street.into(8080)) == ("side door", "egress")


def test_the_host_itself_is_never_redirected(street):
    street.intercept("--ignore-uid", PROXY, "--app-ports", "8080", "--ipv6")
    for own in ("127.0.0.1", street.house.address4, "::1", street.house.address6):
        assert street.out(8080, address=own) == "application", own


def test_ipv6_only_when_asked(street):
    street.intercept("--ignore-uid", PROXY, "--app-ports", "8080")
    assert (street.out(8080, 6), street.into(8080, 6)) == ("neighbour", "application")
    street.intercept("--ignore-uid", PROXY, "--app-ports", "8080", "--ipv6", "--ignored-ips", "fd00::/8")
    assert (street.out(8080, 6), street.into(8080, 6), street.out(8080)) == ("neighbour", "ingress", "egress")
    street.intercept("--ignore-uid", PROXY, "--app-ports", "8080", "--ipv6")
    assert (street.out(8080, 6), street.into(8080, 6)) == ("egress", "ingress")
    street.intercept("--ignore-uid", PROXY)
    assert street.out(8080, 6) == "neighbour"


def test_twice_is_once_and_removed_is_as_before(street):
    before = street.rules()
    flags = ("--ignore-uid", PROXY, "--app-ports", "8080", "--ipv6")
    street.intercept(*flags)
    once = street.rules()
    street.intercept(*flags)
    assert street.rules() == once != before
    street.intercept("--remove")
    # iptables leaves the chains that every table has.
    assert not [line for line in street.rules() if "15001" in line or "APPMESH" in line or "chancery" in line]
    assert (street.out(8080), street.into(8080)) == ("neighbour", "application")
    street.intercept("--remove")


def test_a_change_of_tool_leaves_nothing_of_the_other(street):
    first, second = street.tool, next(tool for tool in TOOLS if tool != street.tool)
    street.intercept("--ignore-uid", PROXY, "--app-ports", "8080")
    street.tool = second
    street.intercept("--ignore-uid", PROXY, "--egress-port", "8081")
    assert (street.out(8080), street.into(8080)) == ("side door", "application")
    street.tool = first
    street.intercept("--remove")
    assert street.out(8080) == "neighbour"


def test_rules_of_others_stay(street):
    if street.tool == "nft":
        street.house.run("nft", "-f", "-", stdin="table ip other {\nchain c {\ntype nat hook output priority 0;\n"
                                                 "tcp dport 3306 redirect to :8081\n}\n}\n")
    else:
        street.house.run("iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "3306", "-j", "REDIRECT",
                         "--to-ports", "8081")
    street.intercept("--ignore-uid", PROXY, "--ignored-ports", "3306")
    assert street.out(3306) == "side door"
    street.intercept("--remove")
    assert street.out(3306) == "side door"


def test_print_shows_the_rules_and_changes_nothing(street):
    before = street.rules()
    shown = street.intercept("--ignore-uid", PROXY, "--app-ports", "8080", "--print").stdout
    assert "15001" in shown and street.rules() == before
    if street.tool == "nft":  # what is shown is what would be done
        street.house.run("nft", "-f", "-", stdin=shown)
        assert (street.out(8080), street.into(8080)) == ("egress", "ingress")


def test_the_variables_of_the_init_container(street):
    environment = {**os.environ, "APPMESH_START_ENABLED": "1", "APPMESH_IGNORE_UID": "1337", "APPMESH_APP_PORTS": "8080",
                   "APPMESH_ENVOY_INGRESS_PORT": "15000", "APPMESH_ENVOY_EGRESS_PORT": "15001",
                   "APPMESH_EGRESS_IGNORED_IP": "169.254.169.254", "APPMESH_EGRESS_IGNORED_PORTS": "3306",
                   "APPMESH_ENABLE_IPV6": "1"}
    street.intercept(env=environment)
    assert (street.out(8080), street.into(8080, 6), street.out(3306)) == ("egress", "ingress", "database")
    street.intercept("--remove")
    assert "APPMESH_START_ENABLED" in street.intercept(env={**environment, "APPMESH_START_ENABLED": "0"}).stderr
    assert street.out(8080) == "neighbour"


def test_rules_that_the_init_container_left_are_replaced():
    street = Street("iptables")
    try:
        for line in ("-N APPMESH_EGRESS", "-A APPMESH_EGRESS -p tcp -j REDIRECT --to 8081",
                     "-A OUTPUT -p tcp -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS"):
            street.house.run("iptables", "-t", "nat", *line.split())
        assert street.out(8080) == "side door"
        street.intercept("--ignore-uid", PROXY)
        assert street.out(8080) == "egress"
        street.intercept("--remove")
        assert street.out(8080) == "neighbour"
    finally:
        street.close()


def test_without_the_capability_it_says_what_is_needed():
    powerless = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]
    done = subprocess.run([*powerless, default_binary(), "intercept", "--ignore-uid", "1337"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "CAP_NET_ADMIN" in done.stderr and done.stderr.count("\n") == 1


def test_a_wrong_value_changes_nothing(street):
    before = street.rules()
    done = street.intercept("--ignore-uid", PROXY, "--app-ports", "8080,http", check=False)
    assert done.returncode == 2 and "--app-ports" in done.stderr and done.stderr.count("\n") == 1
    assert street.rules() == before
