"""Claims: one sweep for each cell, on this machine by its processes, on others by signs of life that are counted here."""

import json
import threading
import time

import pytest

from symmeter.sweeps import claims as module
from symmeter.sweeps.claims import Claims
from symmeter.sweeps.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", create=True)


@pytest.fixture
def claims(store):
    made = Claims(store)
    yield made
    made.close()
    assert store.names("claims", ".json") == set()


def claim(store, key, **changes):
    """A claim like that of another sweep."""
    other = Claims(store)
    content = json.loads(other._content())
    other.close()
    store.write(f"claims/{key}.json", json.dumps(content | changes).encode())


def test_a_claim_holds_until_it_is_given_back_or_its_process_is_gone(store, claims):
    other = Claims(store)
    assert claims.take("k1") and not other.take("k1") and other.forsaken(["k1"]) == set()
    claims.give_back("k1")
    assert other.forsaken(["k1"]) == {"k1"} and other.take("k1")
    other.close()
    claim(store, "k2", pid=2**22 + 1)
    claim(store, "k3", started=1.0)  # another process of the same number
    assert claims.forsaken(["k2", "k3"]) == {"k2", "k3"} and claims.take("k2") and claims.take("k3")


@pytest.mark.parametrize("ahead", [-1e6, 0, 1e6])
def test_no_clock_of_another_machine_counts(store, claims, monkeypatch, ahead):
    """Whatever time it is there, and here: a claim that changes holds, one that does not is void after a while."""
    monkeypatch.setattr(module, "STALE", 0.3)
    now = time.time() + ahead
    monkeypatch.setattr(time, "time", lambda: now)
    for key in ("alive", "dead"):
        claim(store, key, machine="elsewhere", time=now)
        assert not claims.take(key)
    ended = threading.Event()

    def beat():
        number = 0
        while not ended.wait(0.02):
            number += 1
            claim(store, "alive", machine="elsewhere", time=now, beat=number)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        assert claims.forsaken(["alive", "dead"]) == {"dead"}
        assert claims.take("dead") and not claims.take("alive")
    finally:
        ended.set()
        thread.join()
        store.remove("claims/alive.json")


def test_a_claim_that_is_just_being_written_is_none_that_is_void(store, claims, monkeypatch):
    store.write("claims/k.json", b"")
    assert not claims.take("k")
    monkeypatch.setattr(module, "STALE", 0.1)
    assert claims.forsaken(["k"]) == {"k"} and claims.take("k")


def test_claims_are_kept_alive_and_not_brought_back(store, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.01)
    claims = Claims(store)
    claims.take("k"), claims.take("given back")
    claims.give_back("given back")
    before = store.read("claims/k.json")
    deadline = time.monotonic() + 60
    while store.read("claims/k.json") == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert store.names("claims", ".json") == {"k"}
    claims.close()
