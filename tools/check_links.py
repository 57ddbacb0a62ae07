"""Ask every address of the catalogue of published files whether it still answers.

    python tools/check_links.py

It reads the first byte of each file, once, and names the addresses that have moved for good. Exit
status 1 if a file has no address left.
"""

import sys
from collections.abc import Iterable

import requests

from solar.published.catalogue import ENTRIES, Entry

SECONDS = 30
FOR_GOOD = (301, 308)  # statuses of a file that lies elsewhere from now on


def problem(answer: requests.Response) -> str:
    """Return why an answer does not give a file, '' if it does."""
    if answer.status_code not in (200, 206):
        return f"status {answer.status_code}"
    # a page with a form or an apology in the place of a file
    kind = answer.headers.get("Content-Type", "")
    return f"a page ({kind})" if kind.startswith("text/html") else ""


def ask(url: str, seconds: float = SECONDS) -> tuple[bool, str]:
    """Ask an address for the first byte of its file.

    Args:
        url: the address.
        seconds: how long to wait for it.

    Returns:
        Does it give the file? And what is to be said of it.
    """
    first_byte = {"Range": "bytes=0-0"}
    try:
        with requests.get(url, headers=first_byte, stream=True, timeout=seconds) as answer:
            trouble = problem(answer)
            moved = any(step.status_code in FOR_GOOD for step in answer.history)
            if trouble:
                return False, trouble
            return True, f"moved to {answer.url}" if moved else "answers"
    except requests.RequestException as error:
        return False, type(error).__name__


def check(entries: Iterable[Entry], seconds: float = SECONDS) -> list[str]:
    """Print a line for each address; return the files that have none left.

    Args:
        entries: of the catalogue.
        seconds: how long to wait for an address.
    """
    asked = {}
    lost = []
    for entry in entries:
        for file in entry.files:
            for url in file.mirrors:
                if url not in asked:
                    asked[url], words = ask(url, seconds)
                    print(f"{words}: {url}", flush=True)
            if not any(asked[url] for url in file.mirrors):
                lost.append(f"{entry.name}: {file.path}")
    return lost


def main() -> int:
    """Check the whole catalogue, and print a last line."""
    lost = check(ENTRIES.values())
    print("\n".join(["no address left for", *lost]) if lost else "every file has an address")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
