"""`python -m bench [name …] [--full]` measures and prints a table; without names, everything."""

import argparse
import importlib
import platform
import sys
import time

from bench.figures import Figure

NAMES = (
    "page",
    "look",
    "scan",
    "alert",
    "resume",
    "search",
    "growth",
    "badges",
    "robustness",
    "flood",
    "entry",
    "desk",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(NAMES))
    parser.add_argument(
        "--full",
        action="store_true",
        help="growth to 1,000,000 elders, robustness with five times the seeds, flood with 1,000 true scans (takes many minutes)",
    )
    asked = parser.parse_args()
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}")
    missed = [
        row for name in asked.names or NAMES for row in _measure(name, asked.full) if row.verdict == "MISSED"
    ]
    print(f"\n{len(missed)} missed" if missed else "\nall hold")
    sys.exit(bool(missed))


def _measure(name: str, full: bool) -> list[Figure]:
    began = time.monotonic()
    try:
        run = importlib.import_module(f"bench.{name}").run
    except ModuleNotFoundError as error:
        sys.exit(
            f"{name} needs {error.name}; `make bench` installs it, or: pip install -r requirements-bench.txt"
        )
    rows = [
        Figure(*row)
        for row in (run(full=True) if full and name in ("growth", "badges", "robustness", "flood") else run())
    ]
    print(f"\n{name} ({time.monotonic() - began:.0f} s)")
    for row in rows:
        print(f"  {row.name:<58} {row.measured:<34} {row.target:<26} {row.verdict}", flush=True)
    return rows


if __name__ == "__main__":
    main()
