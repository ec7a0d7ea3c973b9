"""TLS of listeners and client policies in the words of the API."""


def files(pair):
    """A certificate that Authority.issue gave."""
    return {"file": {"certificateChain": str(pair[0]), "privateKey": str(pair[1])}}


def secret(name):
    """A certificate or a trust that the secret agent has under this name."""
    return {"sds": {"secretName": name}}


def trust(source, *names):
    """A validation: trust by an Authority's file or by secret(), and the names of which a peer needs one."""
    source = source if isinstance(source, dict) else {"file": {"certificateChain": str(source.ca)}}
    return {"trust": source, **({"subjectAlternativeNames": {"match": {"exact": list(names)}}} if names else {})}


def tls(mode, certificate, **validation):
    """The member of a listener."""
    return {"tls": {"mode": mode, "certificate": certificate, **validation}}
