"""Hosts that do the same: one name, several addresses."""


def hosts(lab, name, count):
    """So many new hosts, to all of which `name`.lab leads."""
    made = [lab.network.host(lab.unique(name)) for _ in range(count)]
    lab.dns.set(f"{name}.lab", *(host.address4 for host in made))
    return made


def http_replicas(lab, name, count):
    """HTTP applications at one port of as many hosts, to which `name`.lab leads; they are called `name` and a number."""
    made = []
    for number, host in enumerate(hosts(lab, name, count)):
        port = made[0].port if made else 0
        made.append(lab.http_application(f"{name}-{number}", host, host.address4, port))
    return made
