"""The rooms of the package import only from rooms below them, and only two know what is mini."""

import ast
from pathlib import Path

import pytest

SOLAR = Path(__file__).resolve().parents[1] / "solar"
ORDER = [  # from the bottom up; rooms of one line may not import each other
    {"files", "weights"},
    {"images", "distributed", "intervals"},
    {"published", "world"},
    {"datasets"},
    {"nets"},
    {"search"},
    {"local"},
    {"training"},
    {"explorer", "plots", "checks"},
    {"doctor"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
CORE = ("nets", "search", "local", "training")
FILES = sorted(SOLAR.rglob("*.py"))


def module_of(path: Path) -> list[str]:
    """Return the dotted name of a file, in parts: ['solar', 'nets', 'attention']."""
    parts = ["solar", *path.relative_to(SOLAR).with_suffix("").parts]
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports_of(path: Path) -> list[list[str]]:
    """Return the dotted names, in parts, of all that a file imports from the package."""
    package = module_of(path)
    if path.name != "__init__.py":
        package = package[:-1]
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            names += [[*base, alias.name] for alias in node.names]
    return [name for name in names if name[0] == "solar" and len(name) > 1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(module_of(path)))
def test_imports_point_downwards(path):
    module = module_of(path)
    if len(module) == 1:
        return  # solar/__init__.py shows everything
    room = module[1]
    for name in imports_of(path):
        other = name[1]
        if other == room or other == "__version__":
            continue
        assert other in LEVEL, f"{other} is not a room: add it to ORDER"
        below = LEVEL[other] < LEVEL[room]
        assert below, f"{'.'.join(module)} imports {'.'.join(name)}, which is not below it"


def test_the_order_names_all_rooms():
    rooms = {path.stem for path in SOLAR.iterdir() if path.suffix == ".py" or path.is_dir()}
    rooms -= {"__init__", "__pycache__", "results"}  # results holds data alone
    assert rooms == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(module_of(path)))
def test_the_core_does_not_know_what_is_mini(path):
    module = module_of(path)
    if len(module) < 2 or module[1] not in CORE:
        return
    assert not [name for name in imports_of(path) if name[1] == "world"]
    # no comparison with the name of a mini set, and no question whether a name begins with mini
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Compare, ast.Call)):
            words = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
            strings = [word for word in words if isinstance(word, str)]
            asked = isinstance(node, ast.Compare) or "startswith" in ast.dump(node.func)
            assert not (asked and any(word.startswith("mini-") for word in strings))


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(module_of(path)))
def test_one_module_knows_of_several_processes(path):
    if path.name == "distributed.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("torch.distributed") for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert not (node.module or "").startswith("torch.distributed")
            assert not (node.module == "torch" and any(a.name == "distributed" for a in node.names))
        if isinstance(node, ast.Constant):
            assert node.value not in ("WORLD_SIZE", "RANK", "LOCAL_RANK")
