# SPDX-License-Identifier: Apache-2.0
"""Certificates by the openssl command, made once a session."""

import subprocess


class Certificates:
    """`pem(name)` is a file with key and certificate, signed by `ca`."""

    def __init__(self, folder):
        self._folder = folder
        self._made = {}

    def _run(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def ca(self, name="ca"):
        """The certificate of an authority (its key lies beside it)."""
        path = self._folder / f"{name}.crt"
        if not path.exists():
            self._run(
                *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
                *("-nodes", "-days", "30", "-subj", f"/CN=weir test {name}"),
                *("-keyout", self._folder / f"{name}.key", "-out", path),
            )
        return str(path)

    def pem(self, name, *more_names, kind="ec", ca="ca", days=30):
        """key + certificate + authority for DNS names, IP 127.0.0.1 included."""
        key = (name, more_names, kind, ca, days)
        if key in self._made:
            return self._made[key]
        base = self._folder / f"{len(self._made)}-{name.replace('*', 'any')}-{kind}"
        algorithm = {
            "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            "rsa": ("rsa:2048",),
        }[kind]
        names = ",".join(f"DNS:{each}" for each in (name, *more_names))
        files = {part: base.with_suffix(f".{part}") for part in ("key", "csr", "crt", "ext", "pem")}
        self.ca(ca)
        self._run(
            *("req", "-newkey", *algorithm, "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", files["key"], "-out", files["csr"]),
        )
        files["ext"].write_text(f"subjectAltName={names},IP:127.0.0.1\n")
        self._run(
            *("x509", "-req", "-in", files["csr"], "-days", days, "-extfile", files["ext"]),
            *("-CA", self.ca(ca), "-CAkey", self._folder / f"{ca}.key", "-CAcreateserial"),
            *("-out", files["crt"]),
        )
        authority = (self._folder / f"{ca}.crt").read_text()
        files["pem"].write_text(files["key"].read_text() + files["crt"].read_text() + authority)
        self._made[key] = str(files["pem"])
        return self._made[key]
