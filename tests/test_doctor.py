"""What the doctor finds: sound, absent, begun, broken, and a computer that computes wrong."""

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
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(doctor, "PACKAGES", ("torch", "nosuchpackage"))
    return tmp_path / "home"


def by_name(rows):
    return {row["name"]: row for row in rows}


def benchmark(place, name="roxford5k", images=("a", "b"), queries=("q",)):
    jpg = place / "data" / name / "jpg"
    jpg.mkdir(parents=True)
    for image in (*images, *queries):
        Image.new("RGB", (32, 32)).save(jpg / f"{image}.jpg")
    gnd = [dict(bbx=[0, 0, 9, 9], easy=[0], hard=[], junk=[])] * len(queries)
    content = pickle.dumps(dict(imlist=list(images), qimlist=list(queries), gnd=gnd))
    (jpg.parent / f"gnd_{name}.pkl").write_bytes(content)
    return jpg


def test_an_empty_home_is_sound(place, capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sound"] and {row["state"] for row in found["published"]} == {"absent"}
    assert {row["name"] for row in found["published"]} == set(ENTRIES)
    assert found["versions"]["nosuchpackage"] == "missing" and found["disk"]["writable"]
    assert not place.exists()  # looking changes nothing
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "for the published scores of chapter 10" in text and "`solar data mini` makes it" in text
    assert text.splitlines()[-1] == "all is sound"


def test_the_self_test_notices_a_wrong_temperature(monkeypatch):
    assert all(row["right"] for row in doctor.self_test("cpu"))
    fused = attention.F.scaled_dot_product_attention
    monkeypatch.setattr(
        attention.F, "scaled_dot_product_attention", lambda q, k, v: fused(q, k, v, scale=0.1)
    )
    wrong = [row["name"] for row in doctor.self_test("cpu") if not row["right"]]
    assert "fused attention beside explicit" in wrong


def test_wrong_numbers_make_the_exit_status_3(place, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "LOCAL", [9.0, 0, 0, 0])
    assert main(["doctor"]) == 3
    text = capsys.readouterr().out
    assert "WRONG    local network" in text and text.splitlines()[-1].startswith(
        "something is wrong"
    )


def test_a_benchmark_put_there_by_hand(place):
    jpg = benchmark(place, "rparis6k")
    assert doctor.check(ENTRIES["rparis6k"])["state"] == "whole"
    (jpg / "b.jpg").unlink()
    found = doctor.check(ENTRIES["rparis6k"])
    assert (
        found["state"] == "broken"
        and "1 of 3 images are missing" in found["why"]
        and "b.jpg" in found["why"]
    )


def test_a_ground_truth_of_another_size_is_not_the_published_one(place):
    benchmark(place, "roxford5k")
    found = doctor.check(ENTRIES["roxford5k"])
    assert found["state"] == "partial" and "gnd_roxford5k.pkl" in found["why"]


def test_full_reads_every_byte(place, monkeypatch):
    digest = "sha256:" + "0" * 64
    one = entry(File("w.pth", (), digest=digest), name="one", kind="weights", folder="weights")
    (place / "weights").mkdir(parents=True)
    (place / "weights" / "w.pth").write_bytes(b"w")
    assert doctor.check(one)["state"] == "whole"
    found = doctor.check(one, full=True)
    assert found["state"] == "broken" and "not the published bytes" in found["why"]


def test_half_of_it(place):
    folder = ENTRIES["gl18"].place()
    folder.mkdir(parents=True)
    (folder / "train.csv.part").write_bytes(b"id,")
    found = doctor.check(ENTRIES["gl18"])
    assert found["state"] == "partial" and found["why"] == "train.csv and 3 more to fetch"


def test_a_damaged_record_is_named(place):
    folder = ENTRIES["roxford5k"].place()
    folder.mkdir(parents=True)
    (folder / "sources.json").write_text("{")
    found = doctor.check(ENTRIES["roxford5k"])
    assert found["state"] == "broken" and "sources.json: damaged" in found["why"]


def test_a_home_that_is_a_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "file"))
    assert main(["doctor"]) == 3
    assert "NOT WRITABLE" in capsys.readouterr().out
