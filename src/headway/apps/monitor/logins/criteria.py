"""Whether somebody is signed in, judged from what the page shows. Pure: evidence in, a verdict out.

all criteria hold                                                                        passed
some do not; credentials were sent; a password is still asked for, or an error is read   AUTHENTICATION_FAILED
some do not otherwise                                                                    ASSERTION_FAILED
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from headway.apps.monitor.logins.model import Criteria
from headway.browsers.faults import Fault

__all__ = ["Evidence", "Failure", "judge", "refused"]

_SECRET: Final = r"(?:password|passphrase|credentials?|user ?name|user|login|log[ -]?in|sign[ -]?in|e-?mail|account)"
_WRONG: Final = r"(?:invalid|incorrect|wrong|failed|denied|locked|disabled|not (?:match|recogni[sz]ed|valid|correct))"
REFUSED: Final = re.compile(rf"\b{_WRONG}\b.{{0,40}}\b{_SECRET}\b|\b{_SECRET}\b.{{0,60}}\b{_WRONG}\b", re.IGNORECASE)
"""What pages say to a wrong password, in one line. Other languages are for `errorPattern`."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to be judged."""

    url: str
    text: str
    missing: tuple[str, ...] = ()
    """Which of the selectors match nothing that can be seen."""
    custom: bool | str = True
    """What the custom validation came to, or the sentence of its error."""
    asks: bool = False
    """Whether a password field is to be seen."""
    sent: bool = False
    """Whether the credentials were given."""
    dialogs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What does not hold, and whose fault that seems to be."""

    fault: Fault
    message: str


def judge(criteria: Criteria, evidence: Evidence) -> Failure | None:
    """None where everything holds."""
    unmet = _unmet(criteria, evidence)
    if unmet is None:
        return None
    if not evidence.sent:
        return Failure(Fault.ASSERTION_FAILED, unmet)
    line = refused(criteria, evidence)
    if line is not None:
        return Failure(Fault.AUTHENTICATION_FAILED, f'The credentials were refused: the page says "{line}". {unmet}')
    if evidence.asks:
        return Failure(Fault.AUTHENTICATION_FAILED, f"The page still asks for a password. {unmet}")
    return Failure(Fault.ASSERTION_FAILED, unmet)


def refused(criteria: Criteria, evidence: Evidence) -> str | None:
    """The line in which the page says that the credentials are wrong."""
    pattern = re.compile(criteria.error_pattern) if criteria.error_pattern else REFUSED
    lines = (*evidence.dialogs, *evidence.text.splitlines())
    return next((line.strip()[:200] for line in lines if pattern.search(line)), None)


def _unmet(criteria: Criteria, evidence: Evidence) -> str | None:
    if evidence.missing:
        return f"The page does not show {', '.join(evidence.missing)}."
    if criteria.url_pattern is not None and not re.search(criteria.url_pattern, evidence.url):
        return f'The address {evidence.url} does not match "{criteria.url_pattern}".'
    read = " ".join(evidence.text.split())
    absent = [text for text in criteria.text_content if " ".join(text.split()) not in read]
    if absent:
        return f'The page does not say "{absent[0]}".'
    if isinstance(evidence.custom, str):
        return f"The custom validation failed: {evidence.custom}"
    if not evidence.custom:
        return "The custom validation is not true."
    named = criteria.selectors or criteria.url_pattern or criteria.text_content or criteria.custom_validation
    if not named and evidence.asks:
        return "No criterion is named, and a password field is to be seen."
    return None
