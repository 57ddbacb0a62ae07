"""Ask every address of the catalogue of published files whether it still answers.

    python tools/check_links.py

It reads the first byte of each file, once. Exit status 1 if an entry has no address left.
"""

import sys

import requests

from solar.published.catalogue import ENTRIES

SECONDS = 30


def problem(url: str) -> str:
    """Return why an address does not give its file, '' if it does."""
    try:
        with requests.get(
            url, headers={"Range": "bytes=0-0"}, stream=True, timeout=SECONDS
        ) as answer:
            if answer.status_code not in (200, 206):
                return f"status {answer.status_code}"
            # a page with a form or an apology in the place of a file
            kind = answer.headers.get("Content-Type", "")
            return f"a page ({kind})" if kind.startswith("text/html") else ""
    except requests.RequestException as error:
        return type(error).__name__


def main() -> int:
    """Print a line for each address, and a last one."""
    dead = []
    asked = {}
    for name, entry in ENTRIES.items():
        for file in entry.files:
            for url in file.mirrors:
                asked.setdefault(url, None)
                if asked[url] is None:
                    asked[url] = problem(url)
                    print(f"{asked[url] or 'answers'}: {url}", flush=True)
            if all(asked[url] for url in file.mirrors):
                dead.append(f"{name}: {file.path}")
    print("\n".join(["no address left for", *dead]) if dead else "every file has an address")
    return int(bool(dead))


if __name__ == "__main__":
    sys.exit(main())
