"""Folders of images as they come: links, phones' formats, litter, names of every kind."""

import os

import pytest
from PIL import Image

from solar.images import SUFFIXES, UNREADABLE_SUFFIXES, find_images, read_image, words_of


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names_in(folder):
    paths, _ = find_images(folder)
    return [path.relative_to(folder).as_posix() for path in paths]


def test_images_are_found_by_suffix_in_the_order_of_their_names(tmp_path):
    touch(tmp_path, "b.jpg", "a/z.PNG", "a.tif", "c.webp", "notes.txt", "a/b/c.JPeG")
    assert names_in(tmp_path) == ["a.tif", "a/b/c.JPeG", "a/z.PNG", "b.jpg", "c.webp"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_is_of_a_format_that_is_read(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    kind = {".pnm": "PPM", ".pbm": "PPM", ".pgm": "PPM", ".jfif": "JPEG"}.get(suffix)
    image = Image.new("1" if suffix == ".pbm" else "RGB", (20, 16))
    image.save(path, format=kind)
    assert names_in(tmp_path) == [path.name]
    assert read_image(path).size == (20, 16)
    assert suffix not in UNREADABLE_SUFFIXES


def test_what_is_left_out_is_counted_and_said(tmp_path):
    touch(tmp_path, "a.jpg", "b.HEIC", "c.heic", "d.dng", "list.txt", "e.txt", "f.txt", "README")
    paths, left_out = find_images(tmp_path)
    assert [path.name for path in paths] == ["a.jpg"]
    assert left_out == {".heic": 2, ".dng": 1, ".txt": 3, "without a suffix": 1}
    said = words_of(left_out)
    assert said.startswith("1 .dng (not readable here: convert to JPEG or PNG), 2 .heic (")
    assert said.endswith("3 .txt, 1 without a suffix")
    assert words_of({}) == ""


def test_many_kinds_are_said_in_one_short_line(tmp_path):
    touch(tmp_path, *(f"a.{'x' * 90}{n}" for n in range(50)), "a.new\nline")
    said = words_of(find_images(tmp_path)[1])
    assert said.isprintable()
    assert len(said) < 400
    assert said.endswith("45 others")


def test_the_litter_of_macos_is_left_out(tmp_path):
    touch(tmp_path, "a.jpg", "._a.jpg", ".DS_Store", "__MACOSX/b.jpg", "sub/._c.png", "._d/e.jpg")
    paths, left_out = find_images(tmp_path)
    assert [path.name for path in paths] == ["a.jpg"]
    assert left_out == {"macOS litter": 5}


def test_links_to_folders_and_files_are_followed(tmp_path):
    photos = tmp_path / "photos"
    touch(tmp_path, "disk/x.jpg", "disk/deep/z.jpg", "photos/y.jpg", "one.png")
    (photos / "more").symlink_to(tmp_path / "disk")
    (photos / "single.png").symlink_to(tmp_path / "one.png")
    assert names_in(photos) == ["more/deep/z.jpg", "more/x.jpg", "single.png", "y.jpg"]
    (tmp_path / "link").symlink_to(photos)
    assert len(names_in(tmp_path / "link")) == 4


def test_links_in_a_circle_come_to_an_end(tmp_path):
    touch(tmp_path, "a/x.jpg", "b/y.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "a").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    paths, left_out = find_images(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == ["a/x.jpg", "b/y.jpg"]
    assert left_out == {"linked folders seen before": 2, "without a suffix": 1}


def test_folders_keep_their_own_names_before_links(tmp_path):
    touch(tmp_path, "z/x.jpg")
    (tmp_path / "a").symlink_to(tmp_path / "z")
    assert names_in(tmp_path) == ["z/x.jpg"]


def test_a_broken_link_is_an_image_that_cannot_be_read(tmp_path):
    (tmp_path / "a.jpg").symlink_to(tmp_path / "gone")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "b.jpg")
    assert names_in(tmp_path) == ["a.jpg", "b.jpg"]
    for name in ("a.jpg", "b.jpg"):
        with pytest.raises((ValueError, FileNotFoundError), match=name):
            read_image(tmp_path / name)


def test_pipes_are_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    assert find_images(tmp_path) == ([], {"neither files nor folders": 1})


@pytest.mark.parametrize(
    "name",
    ["two\nlines.jpg", "market\u2028square.jpg", os.fsdecode(b"caf\xe9.jpg"), " .jpg", "#%.jpg"],
)
def test_any_name_of_the_disk_is_found(tmp_path, name):
    Image.new("RGB", (20, 20)).save(tmp_path / name)
    paths, left_out = find_images(tmp_path)
    assert [path.name for path in paths] == [name]
    assert not left_out
    assert read_image(paths[0]).size == (20, 20)


def test_no_folder_and_a_file_are_refused(tmp_path):
    touch(tmp_path, "a.jpg")
    with pytest.raises(FileNotFoundError):
        find_images(tmp_path / "none")
    with pytest.raises(NotADirectoryError):
        find_images(tmp_path / "a.jpg")
