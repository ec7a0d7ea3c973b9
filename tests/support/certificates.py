"""Certificates made for one test, by openssl. Every user can read them and their keys: proxies run as users of their
own."""
import ipaddress
import os
import ssl
import subprocess


class Authority:
    """A certificate authority in `directory`, which it makes; its own certificate `ca` is what its clients trust. Two in
    one directory need different names."""

    def __init__(self, directory, name="ca"):
        self._directory = _made(directory)
        self.ca, self._key = _new(directory, name, f"/CN={name}")

    def issue(self, name, *names):
        """(certificate, key) as files, for hosts, addresses or URIs such as api.local, 127.0.0.1 and spiffe://mesh/api.
        Under a name that is there the pair is replaced, each file at once."""
        return _new(self._directory, name, f"/CN={name}", *_alternatives(names), "-CA", self.ca, "-CAkey", self._key,
                    "-addext", "basicConstraints=critical,CA:FALSE")

    def server_context(self, name, *names, asks_clients=False):
        """Shows a new certificate; `asks_clients` for one of this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, *names))
        if asks_clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context

    def client_context(self, *certificate):
        """Trusts the authority and shows `certificate`, as issue() gave it, if there is one."""
        context = ssl.create_default_context(cafile=self.ca)
        if certificate:
            context.load_cert_chain(*certificate)
        return context


def self_signed(directory, name, *names):
    """(certificate, key) as issue() makes them, but the certificate is its own authority."""
    return _new(_made(directory), name, f"/CN={name}", *_alternatives(names))


def _made(directory):
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(0o755)
    return directory


def _alternatives(names):
    return ["-addext", "subjectAltName=" + ",".join(map(_typed, names))] if names else []


def _typed(name):
    if "://" in name:
        return f"URI:{name}"
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def _new(directory, name, subject, *more):
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", subject, "-out", f"{certificate}.new", "-keyout", f"{key}.new", *more]
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)
    os.chmod(f"{key}.new", 0o644)
    os.replace(f"{key}.new", key)
    os.replace(f"{certificate}.new", certificate)
    return certificate, key
