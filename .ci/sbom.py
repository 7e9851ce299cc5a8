"""Writes docs/sbom.json: what the project runs on and carries, as a bill of materials (CycloneDX 1.6).

It lists what `.ci/lock` makes an environment of on Linux, with the licence that each release states, and what lies in
assets. It has no date and no serial number: the same lock gives the same bytes.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "sbom.json"
#: Where CI runs: what the lock says of other machines is left out.
MACHINE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.9",
    "python_version": "3.11",
    "sys_platform": "linux",
}
#: How releases call a licence that SPDX knows by another name.
CALLED = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL 1.1)": "OFL-1.1",
}


def installed() -> dict[str, Distribution]:
    folders = [str(path) for path in ROOT.glob(".venv/lib/python*/site-packages")]
    return {canonicalize_name(one.metadata["Name"]): one for one in distributions(path=folders)}


def licence(one: Distribution) -> str:
    """What a release says of its licence: an expression, a classifier, or a few words."""
    stated = one.metadata.get("License-Expression")
    classes = [text.rpartition(" :: ")[2] for text in one.metadata.get_all("Classifier", []) if text[:7] == "License"]
    words = (one.metadata.get("License") or "").strip().splitlines()[:1]
    known = [CALLED[name] for name in [*classes, *words] if name in CALLED]
    return stated or " OR ".join(dict.fromkeys(known)) or " or ".join([*words, *classes])[:80] or "not stated"


def locked() -> Iterator[tuple[str, str]]:
    """Name and version of each release that the lock puts on this machine; its hashes stand there."""
    text = (ROOT / ".ci" / "lock" / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            one = Requirement(line.split("--hash")[0].strip())
            if one.marker is None or one.marker.evaluate(MACHINE):
                (exact,) = one.specifier
                yield canonicalize_name(one.name), exact.version


def releases() -> Iterator[Component]:
    there = installed()
    torch = Version(there["torch"].version).public  # which build it is, is the machine's affair
    for name, version in [*locked(), ("torch", torch)]:
        if name not in there or Version(Version(there[name].version).public) != Version(version):
            sys.exit(f"sbom: .venv has not {name} {version}: LECTURE_LOCK=.ci/lock ./lecture --version makes it anew")
        yield Component(
            name=name,
            version=version,
            bom_ref=f"{name}=={version}",
            purl=PackageURL("pypi", None, name, version),
            licenses=[LicenseFactory().make_from_string(licence(there[name]))],
        )


def carried() -> Iterator[Component]:
    """What lies in assets and runs: reveal.js, and weights."""
    assets = ROOT / "assets"
    version = re.search(r"reveal\.js@([\d.]+\d)", (assets / "reveal" / "README.md").read_text(encoding="utf-8"))
    assert version is not None
    for path in sorted([*assets.glob("reveal/*.js"), *assets.glob("reveal/*.css"), *assets.rglob("*.safetensors")]):
        name = path.relative_to(ROOT).as_posix()
        reveal = path.parent.name == "reveal"
        yield Component(
            name=name,
            version=version[1] if reveal else None,
            type=ComponentType.FILE if reveal else ComponentType.MACHINE_LEARNING_MODEL,
            bom_ref=name,
            purl=PackageURL("npm", None, "reveal.js", version[1]) if reveal else None,
            licenses=[LicenseFactory().make_from_string("MIT")],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(path.read_bytes()).hexdigest())],
        )


def main() -> None:
    bom = Bom(components=[*releases(), *carried()])
    bom.metadata.component = Component(name="transformer-lecture", bom_ref="transformer-lecture")
    bom.register_dependency(bom.metadata.component, bom.components)
    found = json.loads(JsonV1Dot6(bom).output_as_string())
    del found["serialNumber"], found["metadata"]["timestamp"]
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if faults := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"sbom: not valid: {faults}")
    part = TARGET.with_name(".sbom.part.json")
    part.write_text(text, encoding="utf-8")
    part.replace(TARGET)
    sys.stdout.write(f"{TARGET.relative_to(ROOT)}: {len(bom.components)} components\n")


if __name__ == "__main__":
    main()
