"""The workflows: current actions, least rights, nothing that races, caches that grow stale."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
TEXTS = [*WORKFLOWS, GITHUB / "actions" / "set-up" / "action.yml"]
# the first major version of each action that runs on Node 24
NODE_24 = {
    "actions/checkout": 5,
    "actions/setup-python": 6,
    "actions/cache": 5,
    "actions/upload-artifact": 6,
    "actions/download-artifact": 7,
    "actions/upload-pages-artifact": 5,
    "actions/deploy-pages": 5,
    "astral-sh/setup-uv": 7,
}
WITHOUT_NODE = {"pypa/gh-action-pypi-publish"}


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_actions_run_on_a_node_that_is_there(path):
    used = re.findall(r"uses: ([\w./-]+)@([\w./]+)", path.read_text(encoding="utf-8"))
    for name, version in used:
        if name not in WITHOUT_NODE:
            assert int(version.removeprefix("v").split(".")[0]) >= NODE_24[name], name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_runs_once(path):
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "group" in workflow["concurrency"]
    for job in workflow["jobs"].values():
        assert "timeout-minutes" in job or "environment" in job


def test_what_is_cached_depends_on_what_makes_it():
    steps = load(GITHUB / "actions" / "set-up" / "action.yml")["runs"]["steps"]
    by_action = {step["uses"].split("@")[0]: step for step in steps if "uses" in step}
    assert by_action["astral-sh/setup-uv"]["with"]["cache-dependency-glob"] == "uv.lock"
    key = by_action["actions/cache"]["with"]["key"]
    patterns = re.findall(r"'([^']+\*\*|[\w.]+\.lock)'", key)
    assert {"solar/world/**", "solar/datasets/**", "uv.lock"} == set(patterns)
    assert all(list(ROOT.glob(pattern)) for pattern in patterns)


def test_every_python_and_both_ends_of_the_versions_are_tried():
    jobs = load(GITHUB / "workflows" / "ci.yml")["jobs"]
    quick = jobs["quick"]["strategy"]["matrix"]
    assert {"3.11", "3.13", "3.14"} <= set(quick["python"])
    assert "macos-latest" in quick["os"]
    versions = jobs["versions"]["strategy"]["matrix"]["include"]
    assert {entry["resolution"] for entry in versions} == {"lowest-direct", "highest"}


def test_only_publishing_jobs_get_a_token_for_it():
    for path in WORKFLOWS:
        for name, job in load(path)["jobs"].items():
            if "id-token" in job.get("permissions", {}):
                assert name == "publish"
                assert "run:" not in str(job["steps"]), "nothing of ours runs beside the token"


def test_make_targets_of_the_workflows_exist():
    makefile = (ROOT / "Makefile").read_text()
    for path in WORKFLOWS:
        for line in re.findall(r"run: make (.*)", path.read_text(encoding="utf-8")):
            for target in line.split():
                assert "=" in target or re.search(rf"^{target}:", makefile, re.M), target
