"""What pip-audit found, in a few lines. A known vulnerability is a failure; what could not be looked up is said."""

import json
import sys
from pathlib import Path


def told(report: dict) -> tuple[str, int]:
    """What a report of pip-audit says, and the status that it means."""
    found = report["dependencies"]
    skipped = [one["name"] for one in found if "skip_reason" in one]
    asked = [one for one in found if "skip_reason" not in one]
    if not asked:
        return "audit: not done: PyPI's list of known vulnerabilities cannot be asked from here", 0
    wrong = [f"audit: {one['name']} {one['version']}: {fault_in(fault)}" for one in asked for fault in one["vulns"]]
    unknown = f", {len(skipped)} could not be looked up: {', '.join(skipped)}" if skipped else ""
    summary = f"audit: {len(asked)} releases, {len(wrong)} known vulnerabilities{unknown}"
    return "\n".join([*wrong, summary]), int(bool(wrong))


def fault_in(fault: dict) -> str:
    return f"{fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no release yet'}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    if not path.exists():
        last = path.with_suffix(".json.log").read_text().strip().splitlines()[-1:]
        sys.exit(f"audit: not done: pip-audit stopped: {' '.join(last)}" if sys.argv[2] != "0" else None)
    text, status = told(json.loads(path.read_text(encoding="utf-8")))
    sys.stdout.write(f"{text}\n")
    sys.exit(status)
