"""Management of drugs by Medicare Advantage plans: step therapy, prior authorization, and who is spared them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncsim.parameters import Values


def drug_intensity(law: Values) -> float:
    """Return drug spending per infusion of Medicare Advantage members relative to Medicare fee-for-service.

    The whole of ``payment.medicare_advantage.drug_intensity`` holds where plans may use step therapy; with prior
    authorization alone a part of the gap; clinicians with a gold card are spared both.
    """
    gap = 1.0 - float(law["payment.medicare_advantage.drug_intensity"])
    if not law["policy.medicare_advantage.step_therapy"]:
        gap *= float(law["payer.management.authorization_part"])
    return 1.0 - gap * (1.0 - float(law["policy.medicare_advantage.gold_carding"]))
