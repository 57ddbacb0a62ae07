"""At the end of a test run: how many seconds each file took, notebooks included."""

from collections import defaultdict


def pytest_terminal_summary(terminalreporter):
    """Add up the durations that pytest reports, file by file, slowest first."""
    seconds = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "duration") and hasattr(report, "nodeid"):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    terminalreporter.section("seconds per file")
    for path, total in sorted(seconds.items(), key=lambda item: -item[1]):
        if total >= 0.5:
            terminalreporter.write_line(f"{total:8.1f} s  {path}")
