"""What a stranger may try, one attack a name. Each says what the server may answer; anything else is a finding."""

from __future__ import annotations

from typing import Final

from siege.attacks import floods, guessing, pages, patience, shapes, sizes, tokens
from siege.foe import Attack

__all__ = ["ATTACKS"]

ATTACKS: Final[dict[str, Attack]] = {
    attack.name: attack
    for module in (pages, guessing, tokens, shapes, sizes, patience, floods)
    for attack in module.ATTACKS
}
