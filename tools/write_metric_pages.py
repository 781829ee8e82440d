"""Write docs/metrics.md from the registry of metrics: python tools/write_metric_pages.py."""

from __future__ import annotations

from pathlib import Path

from oncsim.metrics import METRICS
from oncsim.metrics.pages import metrics_page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"


def main() -> None:
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(metrics_page(METRICS), encoding="utf-8")
    print(f"{PAGE}: {len(METRICS)} metrics")


if __name__ == "__main__":
    main()
