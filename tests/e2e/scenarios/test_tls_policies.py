"""Client policies: whom a proxy believes, what it shows, and when it uses TLS at all. Each is given in every way that
there is: by a backend, by the defaults of a node and by those of a gateway."""
import re

import pytest

from demo.waiting import wait_until
from support.keeping import keeping_logs
from support.lab import Lab
from support.policies import CHECKED_PATH, DISCOVERED, NAME, REFUSED, ByBackend, ByDefaults, ByGateway, Street
from support.tls import files, secret, trust

WAYS = [ByBackend, ByDefaults, ByGateway]


@pytest.fixture(scope="module")
def street(request):
    with keeping_logs(request, Lab()) as lab:
        yield Street(lab)


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: way.name)
def caller(street, request):
    return request.param(street)


def trusts(street):
    """Trust in our authority from a file and from the secret agent."""
    return [street.authority, secret(street.agent.put_trust("trust", street.authority))]


@pytest.mark.field(
    "{VirtualNodeSpec.backendDefaults,VirtualNodeSpec.backends[].virtualService,VirtualGatewaySpec.backendDefaults}"
    ".clientPolicy.tls.validation.trust.{file.certificateChain,sds.secretName}")
def test_trust(caller, street):
    caller.under(None).meets(ours="ours", foreign="foreign")
    for source in trusts(street):
        caller.under({"validation": trust(source)}).meets(ours="ours", foreign="fail_verify_error")
        caller.under(None).meets(foreign="foreign")


@pytest.mark.field(
    "{VirtualNodeSpec.backendDefaults,VirtualNodeSpec.backends[].virtualService,VirtualGatewaySpec.backendDefaults}"
    ".clientPolicy.tls.validation.subjectAlternativeNames.match.exact[]")
def test_names(caller, street):
    for source in trusts(street):
        caller.under({"validation": trust(source)}).meets(ours="ours", named="fail_verify_san")
        caller.under({"validation": trust(source, NAME)}).meets(ours="fail_verify_san", named="named")
        caller.under({"validation": trust(source, NAME, DISCOVERED)}).meets(
            ours="ours", named="named", foreign="fail_verify_error")


@pytest.mark.field(
    "{VirtualNodeSpec.backendDefaults,VirtualNodeSpec.backends[].virtualService,VirtualGatewaySpec.backendDefaults}"
    ".clientPolicy.tls.enforce")
def test_enforce(caller, street):
    policy = {"validation": trust(street.authority)}
    for enforced in ({}, {"enforce": True}):
        caller.under({**policy, **enforced}).meets(plain="connection_error", disabled="connection_error", ours="ours")
    caller.under({**policy, "enforce": False}).meets(plain="plain", disabled="disabled", ours="ours",
                                                     foreign="fail_verify_error")
    # The discovery name is demanded by an enforced policy alone, listed names by either.
    caller.meets(named="named")
    caller.under({"validation": trust(street.authority, NAME), "enforce": False}).meets(named="named",
                                                                                        ours="fail_verify_san")


@pytest.mark.field(
    "{VirtualNodeSpec.backendDefaults,VirtualNodeSpec.backends[].virtualService,VirtualGatewaySpec.backendDefaults}"
    ".clientPolicy.tls.ports[]")
def test_ports(caller, street):
    """Elsewhere it is as if there were no policy: TLS where the server has it, whoever it is."""
    ports = {name: server.port for name, server in street.servers.items()}
    policy = {"validation": trust(street.authority), "ports": [ports["foreign"], ports["plain"]]}
    caller.under(policy).meets(foreign="fail_verify_error", plain="connection_error", named="named",
                               disabled="disabled")
    caller.under({**policy, "ports": [ports["ours"]]}).meets(foreign="foreign", plain="plain", ours="ours")


@pytest.mark.field(
    "{VirtualNodeSpec.backendDefaults,VirtualNodeSpec.backends[].virtualService,VirtualGatewaySpec.backendDefaults}"
    ".clientPolicy.tls.certificate.{file.certificateChain,file.privateKey,sds.secretName}")
def test_a_clients_certificate(caller, street):
    validation = {"validation": trust(street.authority)}
    caller.under(validation).meets(mutual=REFUSED, ours="ours")
    ours, agents = street.certificate(), street.certificate()
    from_agent = secret(street.agent.put_certificate(f"client-{caller.name}", agents))
    for certificate, pair in [(files(ours), ours), (from_agent, agents)]:
        caller.under({**validation, "certificate": certificate})
        assert [seen["tls"]["client"] for seen in caller.ask("mutual")] == [pair[0].stem] * len(caller.proxies)
    stranger = street.certificate("stranger", street.stranger)
    caller.under({**validation, "certificate": files(stranger)}).meets(mutual=REFUSED, ours="ours")


def test_the_discovery_name_is_asked_for(caller):
    caller.under(None)
    assert [seen["tls"]["asked"] for seen in caller.ask("ours")] == [DISCOVERED] * len(caller.proxies)
    assert [seen["tls"] for seen in caller.ask("plain")] == [None] * len(caller.proxies)


@pytest.fixture(scope="module")
def twins(street):
    """A client of two services that one node provides, of `named` and of `mutual` (docs/adr/0017)."""
    for server in ("named", "mutual", "plain"):
        street.service(f"{server}_too", server)
    yield ByBackend(street, "twins")


def test_two_policies_towards_one_node(twins, street):
    named, other = ({"validation": trust(street.authority, name)} for name in (NAME, "other.lab"))
    twins.under_each(named=named, named_too=other).meets(named="named", named_too="fail_verify_san")
    twins.under_each(named=other, named_too=named).meets(named="fail_verify_san", named_too="named")
    twins.under_each(named=other, named_too=None).meets(named="fail_verify_san", named_too="named")


def test_two_certificates_towards_one_node(twins, street):
    validation = {"validation": trust(street.authority)}
    first, second = street.certificate("first"), street.certificate("second")
    twins.under_each(mutual={**validation, "certificate": files(first)},
                     mutual_too={**validation, "certificate": files(second)})
    for service, pair in [("mutual", first), ("mutual_too", second)]:
        assert [seen["tls"]["client"] for seen in twins.ask(service)] == [pair[0].stem] * len(twins.proxies)
    twins.under_each(mutual={**validation, "certificate": files(first)}, mutual_too=validation)
    twins.meets(mutual="mutual", mutual_too=REFUSED)


def test_health_checks_are_made_under_the_policy(twins, street):
    pair = street.certificate("checker")
    checks = street.servers["checked"].requests
    twins.under_each(checked={"validation": trust(street.authority), "certificate": files(pair)})
    wait_until(lambda: {CHECKED_PATH} == {each.path for each in checks}, 30, "a check")
    assert {each.tls["client"] for each in checks} == {pair[0].stem}


def test_an_enforced_policy_and_none_towards_one_node(twins, street):
    twins.under_each(plain=None, plain_too={"validation": trust(street.authority)})
    twins.meets(plain="plain", plain_too="connection_error")


def test_the_further_cluster_is_named_after_its_node(twins, street):
    """The usual name belongs to the more demanding policy."""
    policy = {"validation": trust(street.authority, NAME)}
    node, port = street.node_of("named"), street.servers["named"].port
    usual, further = f"cds_egress_lab_{node}_http_{port}", rf"cds_egress_lab_{node}_tls-[0-9a-f]{{8}}_http_{port}"
    twins.under_each(named=None, named_too=policy)
    for proxy in twins.proxies.values():
        names = sorted(name for name in proxy.clusters() if f"_{node}_" in name)
        assert names[0] == usual and re.fullmatch(further, names[1]) and len(names) == 2, names
        before = proxy.stats(rf"^cluster\.{usual}\.upstream_rq_total$")
        twins.meets(named="named")
        assert proxy.stats(rf"^cluster\.{usual}\.upstream_rq_total$") == before
        twins.meets(named_too="named")
        assert proxy.stats(rf"^cluster\.{usual}\.upstream_rq_total$") != before
