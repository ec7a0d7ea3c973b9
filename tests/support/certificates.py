"""Certificates made for one test by an authority of its own."""
import ssl
import subprocess


class Authority:
    """A certificate authority in `directory`: `ca.pem` is what its clients trust."""

    def __init__(self, directory):
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o755)
        self.ca = directory / "ca.pem"
        self._key = directory / "ca.key"
        self._openssl("req", "-x509", "-subj", "/CN=test authority", "-out", self.ca, "-keyout", self._key)

    def issue(self, name, *hosts):
        """(certificate, key) as files that every user can read; a host with a scheme is a URI."""
        names = ",".join(("URI:" if "://" in host else "DNS:") + host for host in hosts)
        certificate, key = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        self._openssl("req", "-x509", "-CA", self.ca, "-CAkey", self._key, "-subj", f"/CN={name}", "-out", certificate,
                      "-keyout", key, *(["-addext", f"subjectAltName={names}"] if names else []),
                      "-addext", "basicConstraints=critical,CA:FALSE")
        key.chmod(0o644)
        return certificate, key

    def server_context(self, name, *hosts):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, *hosts))
        return context

    def client_context(self, *certificate):
        """Trusts the authority and shows `certificate`, as issue() gave it, if there is one."""
        context = ssl.create_default_context(cafile=self.ca)
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    @staticmethod
    def _openssl(*words):
        words = [*words, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)
