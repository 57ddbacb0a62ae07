"""What the doctor tells: sound, absent, begun, broken, and a machine that computes wrong."""

import json
import pickle

import pytest
from PIL import Image
from serving import entry

from solar import doctor
from solar.cli import main
from solar.nets import attention
from solar.published.catalogue import ENTRIES, File


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(doctor, "PACKAGES", ("torch", "nosuchpackage"))
    return tmp_path / "home"


def benchmark(home, name="roxford5k", images=("a", "b"), queries=("q",)):
    jpg = home / "data" / name / "jpg"
    jpg.mkdir(parents=True)
    for image in (*images, *queries):
        Image.new("RGB", (32, 32)).save(jpg / f"{image}.jpg")
    gnd = [dict(bbx=[0, 0, 9, 9], easy=[0], hard=[], junk=[])] * len(queries)
    content = pickle.dumps(dict(imlist=list(images), qimlist=list(queries), gnd=gnd))
    (jpg.parent / f"gnd_{name}.pkl").write_bytes(content)
    return jpg


def test_an_empty_home_is_sound(home, capsys):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sound"]
    assert {row["state"] for row in report["published"]} == {"absent"}
    assert {row["name"] for row in report["published"]} == set(ENTRIES)
    assert report["versions"]["nosuchpackage"] == "missing"
    assert report["disk"]["writable"]
    assert not home.exists()  # looking changes nothing
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "for the published scores of chapter 13" in text
    assert "`solar data mini` makes it" in text
    assert text.splitlines()[-1] == "all is sound"


def test_the_self_test_notices_a_wrong_temperature(monkeypatch):
    assert all(row["right"] for row in doctor.self_test("cpu"))
    fused = attention.F.scaled_dot_product_attention
    monkeypatch.setattr(
        attention.F, "scaled_dot_product_attention", lambda q, k, v: fused(q, k, v, scale=0.1)
    )
    wrong = [row["name"] for row in doctor.self_test("cpu") if not row["right"]]
    assert "fused attention beside explicit" in wrong


def test_wrong_numbers_make_the_exit_status_3(home, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "LOCAL", [9.0, 0, 0, 0])
    assert main(["doctor"]) == 3
    text = capsys.readouterr().out
    assert "WRONG    local network" in text
    assert text.splitlines()[-1].startswith("something is wrong")


def test_a_benchmark_put_there_by_hand(home):
    jpg = benchmark(home, "rparis6k")
    assert doctor.check(ENTRIES["rparis6k"])["state"] == "whole"
    (jpg / "b.jpg").unlink()
    result = doctor.check(ENTRIES["rparis6k"])
    assert result["state"] == "broken"
    assert "1 of 3 images are missing" in result["why"]
    assert "b.jpg" in result["why"]


def test_a_ground_truth_of_another_size_is_not_the_published_one(home):
    benchmark(home, "roxford5k")
    result = doctor.check(ENTRIES["roxford5k"])
    assert result["state"] == "partial"
    assert "gnd_roxford5k.pkl" in result["why"]


def test_full_reads_every_byte(home, monkeypatch):
    digest = "sha256:" + "0" * 64
    one = entry(File("w.pth", (), digest=digest), name="one", kind="weights", folder="weights")
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "w.pth").write_bytes(b"w")
    assert doctor.check(one)["state"] == "whole"
    result = doctor.check(one, full=True)
    assert result["state"] == "broken"
    assert "not the published bytes" in result["why"]


def test_a_download_begun_is_partial(home):
    folder = ENTRIES["gl18"].place()
    folder.mkdir(parents=True)
    (folder / "train.csv.part").write_bytes(b"id,")
    result = doctor.check(ENTRIES["gl18"])
    assert result["state"] == "partial"
    assert result["why"] == "train.csv and 3 more to fetch"


def test_a_damaged_record_is_named(home):
    folder = ENTRIES["roxford5k"].place()
    folder.mkdir(parents=True)
    (folder / "sources.json").write_text("{")
    result = doctor.check(ENTRIES["roxford5k"])
    assert result["state"] == "broken"
    assert "sources.json: damaged" in result["why"]


def test_a_home_that_is_a_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "file"))
    assert main(["doctor"]) == 3
    assert "NOT WRITABLE" in capsys.readouterr().out
