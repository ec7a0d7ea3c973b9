"""Certificates for meshes that use TLS, made with the openssl command."""
import pathlib
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


class Authority:
    """A certificate authority with its files in `directory`; `certificate` is what trusts it."""

    def __init__(self, directory, name="ca"):
        self.directory = pathlib.Path(directory)
        self.certificate, self._key = self._files(name)
        _openssl("req", "-x509", *self._new_key(self._key), "-days", "2", "-subj", f"/CN={name}", "-out",
                 str(self.certificate))

    def issue(self, name, *alternative_names):
        """(certificate, key) as files. An alternative name is one of openssl's: DNS:api.local, URI:spiffe://mesh/api."""
        certificate, key = self._files(name)
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(alternative_names)}\n" if alternative_names else "", encoding="utf-8")
        _openssl("req", *self._new_key(key), "-subj", f"/CN={name}", "-out", str(request))
        _openssl("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key), "-days", "2",
                 "-extfile", str(extensions), "-out", str(certificate))
        return certificate, key

    def _files(self, name):
        return self.directory / f"{name}.pem", self.directory / f"{name}.key"

    @staticmethod
    def _new_key(path):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(path)]
