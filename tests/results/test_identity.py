"""Names of runs follow the content."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
from fake_model import fake_market

from oncsim.results.identity import code_fingerprint, market_digest, short_hash


def test_hash_ignores_the_order_of_keys_only() -> None:
    assert short_hash({"a": 1, "b": 2}) == short_hash({"b": 2, "a": 1})
    assert short_hash({"a": 1}) != short_hash({"a": "1"})


def test_market_digest_follows_every_cell() -> None:
    one, same, other = fake_market(), fake_market(), fake_market()
    other.zones.loc[1, "population"] += 1.0
    assert market_digest(one) == market_digest(same) != market_digest(other)


def test_fingerprint_is_the_same_in_another_process() -> None:
    # Files of the package may be edited while the tests run, so both are taken afresh and now.
    code = "from oncsim.results.identity import code_fingerprint; print(code_fingerprint())"
    code_fingerprint.cache_clear()
    here = code_fingerprint()
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here
