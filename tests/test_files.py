"""Files are written whole or not at all."""

import os
import re
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.helpers import check_refused

from symmeter.errors import WriteError
from symmeter.files import check_ending, read_regular, write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_text_and_bytes_and_the_folders_around_them(tmp_path):
    write_whole(tmp_path / "a" / "b" / "text", "ä\n")
    write_whole(tmp_path / "a" / "bytes", b"\x00")
    assert (tmp_path / "a" / "b" / "text").read_bytes() == "ä\n".encode()
    assert (tmp_path / "a" / "bytes").read_bytes() == b"\x00"
    assert names(tmp_path / "a") == ["b", "bytes"]


@pytest.mark.parametrize("method", ["open", "replace"])
def test_what_was_there_stays_where_writing_fails(method, tmp_path, monkeypatch):
    def full(self, *args):
        if method == "open":
            with open(self, "wb") as file:
                file.write(b"ha")  # half of it
        raise OSError(28, "No space left on device")

    place = tmp_path / "r.json"
    write_whole(place, "before")
    with monkeypatch.context() as patch:
        patch.setattr(Path, method, full)
        with pytest.raises(WriteError, match=r"cannot write .*r.json: No space left on device"):
            write_whole(place, "after")
    assert place.read_text() == "before" and names(tmp_path) == ["r.json"]


def test_readers_see_one_content_or_the_other(tmp_path):
    place, contents, seen = tmp_path / "f", ["a" * 100_000, "b" * 100_000], set()
    write_whole(place, contents[0])
    ended = threading.Event()

    def read():
        while not ended.is_set():
            seen.add(place.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(50):
        write_whole(place, contents[i % 2])
    ended.set()
    reader.join()
    assert seen <= set(contents)


def test_temporary_files_have_names_that_nobody_knows_and_follow_no_link(tmp_path, monkeypatch):
    used = []

    def planted(self, place):
        used.append(self.name)
        raise OSError(5, "stop here")

    monkeypatch.setattr(Path, "replace", planted)
    for _ in range(2):
        check_refused("stop here", write_whole, tmp_path / "f", "x")
    assert len({re.search("[0-9a-f]{32}", name)[0] for name in used}) == 2 and names(tmp_path) == []
    monkeypatch.setattr(secrets, "token_hex", lambda n: "0" * 2 * n)  # were it known all the same
    check_refused("stop here", write_whole, tmp_path / "f", "x")
    (tmp_path / "mine").write_text("mine")
    (tmp_path / used[-1]).symlink_to(tmp_path / "mine")
    check_refused("File exists", write_whole, tmp_path / "f", "x")
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_killed_processes_have_left_is_taken_away(tmp_path):
    program = f"""
import os
from pathlib import Path
from symmeter.files import write_whole
Path.replace = lambda self, place: os._exit(9)
write_whole(Path({str(tmp_path / "f")!r}), "half")
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    (left,) = names(tmp_path)
    foreign = re.sub(r"\..*?-", ".elsewhere-", left)
    mine, old = left.replace("part", "part2"), foreign.replace("0", "1")
    living = re.sub(r"-\d+-", f"-{os.getpid()}-", left)
    for name in (foreign, mine, living, old):
        (tmp_path / name).write_text("x")
    os.utime(tmp_path / old, (0, 0))
    write_whole(tmp_path / "f", "whole")
    assert names(tmp_path) == sorted({"f", foreign, mine, living} - {old})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        read_regular(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        read_regular(os.devnull)
    (tmp_path / "f").write_text("x")
    assert read_regular(tmp_path / "f") == b"x"


def test_links_are_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "x"


def test_a_device_is_written_to_and_a_folder_refused(tmp_path):
    write_whole(Path(os.devnull), "x")
    assert not Path(os.devnull).is_file()
    check_refused("cannot write", write_whole, tmp_path, "x")
    write_whole(tmp_path / "file", "x")
    check_refused("cannot write", write_whole, tmp_path / "file" / "below", "x")


def test_endings():
    assert check_ending("a.PNG") == ".png" and check_ending("a.html", (".html",)) == ".html"
    check_refused("--plot a: give a file that ends in .png, .svg, .pdf", check_ending, "a", option="--plot")
