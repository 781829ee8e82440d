"""Stakes: what organisations hold of each other apart from partnerships, a minority or more."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from oncsim.state.columns import Columns


class Stakes(Columns):
    """Rows are stakes; ``holder`` and ``held`` are organisation rows, ``ended`` the quarter a stake was sold or bought out.

    ``owner_share`` is the part of profits and of a sale that goes to the holder, ``control_share`` its part of the say.
    """

    COLUMNS: ClassVar[dict[str, tuple[Any, ...]]] = {
        "id": (object, ""),
        "holder": (np.int64, 0),
        "held": (np.int64, 0),
        "owner_share": (np.float64, 0.0),
        "control_share": (np.float64, 0.0),
        "since": (np.int64, 0),
        "ended": (np.int64, 1_000_000),
    }
    id: NDArray[Any]
    holder: NDArray[np.int64]
    held: NDArray[np.int64]
    owner_share: NDArray[np.float64]
    control_share: NDArray[np.float64]
    since: NDArray[np.int64]
    ended: NDArray[np.int64]

    def living(self, quarter: int) -> NDArray[np.bool_]:
        """Return which stakes are held at a quarter count."""
        return np.asarray(self.ended > quarter)
