"""Names that people's columns have, and the attributes they mean.

Case, spaces, underscores, dots and everything else that is no letter or digit make no difference: `First Name`,
`first_name`, `firstName` and `name.given` lie close together. Where a name may mean several attributes, the first that
no other column is wins.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ALIASES", "normalised"]


def normalised(name: str) -> str:
    """The name without what makes no difference."""
    return "".join(character for character in name.casefold() if character.isalnum())


_NAMES: Final[dict[tuple[str, ...], str]] = {
    ("username",): "user name, login, login name, logon name, sam account name, uid, account name",
    ("username", "externalId"): "user id",
    ("username", "email"): "user principal name, upn",
    ("email",): "mail, e-mail, email address, e-mail address, mail address, primary email, work email",
    ("name.given",): "given name, first name, forename, vorname, prenom",
    ("name.family",): "family name, last name, surname, sn, nachname, nom",
    ("name.middle",): "middle name, middle initial, second name",
    ("name.formatted",): "full name, formatted name, display name, name, common name, cn",
    ("name.honorificPrefix",): "honorific prefix, prefix, salutation, anrede",
    ("name.honorificSuffix",): "honorific suffix, suffix",
    ("nickname",): "nick, nick name, preferred name",
    ("title",): "job title, position, role title",
    ("type",): "user type, employee type",
    ("locale",): "language tag",
    ("preferredLanguage",): "language, preferred language",
    ("timezone",): "time zone, tz",
    ("primaryPhone", "mobilePhone"): "phone, phone number, telephone, telephone number, tel",
    ("primaryPhone",): "primary phone number, work phone, business phone, office phone",
    ("mobilePhone",): "mobile, mobile phone number, cell, cell phone, mobile number, handy",
    ("address.streetAddress",): "street, street address, address, address line 1, address 1",
    ("address.locality",): "locality, city, town, ort, stadt",
    ("address.region",): "region, state, province, county",
    ("address.postalCode",): "postal code, postcode, zip, zip code, plz",
    ("address.countryCode",): "country code, country, country iso",
    ("photo.href",): "photo, photo url, picture, avatar",
    ("externalId",): "external id, employee id, employee number, person id",
    ("accountId",): "account id, account",
    ("enabled",): "active, is active, is enabled, account enabled, user enabled",
    ("emailVerified",): "email verified, is email verified, verified",
    ("lifecycle.status",): "lifecycle, lifecycle status",
    ("lifecycle.suppressVerificationCode",): "suppress verification code",
    ("identityProvider.id",): "identity provider, identity provider id, idp, idp id",
    ("population",): "population id, population name, population.id, population.name",
    ("password",): "password.value, initial password, password hash, hashed password, pwd",
    ("password.forceChange",): "force change, force password change, must change password, change password",
}

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    normalised(alias): targets for targets, aliases in _NAMES.items() for alias in aliases.split(", ")
}
"""Attributes that a normalised name may mean, likeliest first. Attributes' own names are not among them."""
