"""A certificate authority for a test or a trial, by openssl."""
import os
import subprocess


class Authority:
    """Certificates in `directory`, of an authority called `name` whose own is `ca`."""

    def __init__(self, directory, name="authority"):
        self._directory = directory
        self.ca, self._key = directory / f"{name}.pem", directory / f"{name}.key"
        _openssl("req", "-x509", *_NEW_KEY, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-out", self.ca, "-keyout",
                 self._key)

    def issue(self, name, *names):
        """(certificate, key) as files for the subject alternative `names`, such as IP:127.0.0.1, DNS:api.local or
        URI:spiffe://mesh/api. Under a name that is there the pair is replaced, each file at once."""
        certificate, key = self._directory / f"{name}.crt", self._directory / f"{name}.key"
        request, extensions = self._directory / f"{name}.csr", self._directory / f"{name}.ext"
        alternatives = f"subjectAltName={','.join(names)}\n" if names else ""
        extensions.write_text(f"{alternatives}basicConstraints=CA:FALSE\n", encoding="utf-8")
        _openssl("req", *_NEW_KEY, "-nodes", "-subj", f"/CN={name}", "-out", request, "-keyout", f"{key}.new")
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial", "-days", "2",
                 "-extfile", extensions, "-out", f"{certificate}.new")
        os.replace(f"{key}.new", key)
        os.replace(f"{certificate}.new", certificate)
        return certificate, key


_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)
