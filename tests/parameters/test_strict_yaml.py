from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from oncsim.errors import InputError
from oncsim.parameters.strict_yaml import MAX_BYTES, dotted, read_document, read_text, read_value

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
LEAVES = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | WORDS | st.integers(1, 999).map(lambda n: n / 8)
DATA = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(WORDS, below, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(DATA)
def test_agrees_with_pyyaml_on_plain_data(data: object) -> None:
    # JSON quotes every text, so that the two versions of YAML have nothing to disagree about.
    text = json.dumps(data, ensure_ascii=False)
    assert read_text(text, "f").data == yaml.safe_load(text) == data


@settings(max_examples=50, deadline=None)
@given(DATA)
def test_the_readers_with_and_without_libyaml_agree(data: object) -> None:
    text = yaml.safe_dump(data) if isinstance(data, dict) else json.dumps(data, ensure_ascii=False)
    fast = _read(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader", raising=False)
        slow = _read(text)
    assert fast == slow


def _read(text: str) -> object:
    try:
        document = read_text(text, "f")
    except InputError as problem:
        return str(problem)
    return document.data, document.keys, document.values


def test_positions_of_keys_and_values_are_kept() -> None:
    document = read_text("a: 1\nb:\n  - c: x\n    d:  yes\n", "f")
    assert document.position(("b", 0, "d")) == (4, 9)
    assert document.position(("b", 0, "d"), of_key=True) == (4, 5)
    assert document.position(("b", 0, "nowhere")) == (3, 5)
    assert str(document.fault(("b", 0, "d"), "is wrong")) == "f:4:9: b[1].d: is wrong"


def test_all_faults_are_said_at_once_and_in_order() -> None:
    with pytest.raises(InputError) as caught:
        read_text("a: &x 1\nb: *x\nc: !!str 2\na: 3\n", "f")
    assert [fault.line for fault in caught.value.faults] == [1, 2, 3, 4]


def test_keys_are_text_as_written() -> None:
    assert read_text("no: 1\n1: 2\ntrue: 3\n", "f").data == {"no": 1, "1": 2, "true": 3}


def test_an_empty_document_is_nothing() -> None:
    assert read_text("", "f").data is None
    assert read_value("  ", "f") is None
    assert read_value("[OR, NO]", "f") == ["OR", "NO"]


def test_files_that_cannot_be_read_are_faults(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.yaml: there is no such file"):
        read_document(tmp_path / "x.yaml", "x.yaml")
    with pytest.raises(InputError, match="this is a folder"):
        read_document(tmp_path, "folder")
    (tmp_path / "big.yaml").write_bytes(b"# " + b"x" * MAX_BYTES)
    with pytest.raises(InputError, match="too large"):
        read_document(tmp_path / "big.yaml")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_document(tmp_path / "bom.yaml").data == {"a": 1, "b": 2}


def test_routes_are_written_with_items_from_one() -> None:
    assert dotted(("policy", 1, "from")) == "policy[2].from"
    assert dotted(()) == ""
