from __future__ import annotations

from pathlib import Path

from oncsim.parameters.readers import readers


def test_only_whole_quoted_names_outside_the_registry_count(tmp_path: Path) -> None:
    for name, text in {
        "model.py": "v['a.b'] + v[\"a.b.c\"]  # a.d",
        "parameters/own.py": "v['a.d']",
        "processes/pay.py": "v['a.b']",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert readers(["a.b", "a.b.c", "a.d"], tmp_path) == {
        "a.b": ("model.py", "processes/pay.py"),
        "a.b.c": ("model.py",),
        "a.d": (),
    }
