"""The attributes of one environment."""

from __future__ import annotations

from headway.apps.imports.csv.schema import READ_ONLY, STANDARD, Kind, Schema


def test_what_a_tenant_lists_is_flattened() -> None:
    """Objects become paths, kinds and flags are kept, and what PingOne sets itself is left out."""
    schema = Schema.of(
        [
            {"name": "id", "type": "STRING"},
            {"name": "address", "type": "COMPLEX"},
            {"name": "costs", "type": "COMPLEX", "schemaType": "CUSTOM", "subAttributes": [{"name": "center"}]},
            {"name": "vip", "type": "BOOLEAN"},
            {"name": "size", "enumeratedValues": [{"value": "S"}, {"value": "M", "archived": True}]},
        ]
    )

    assert "id" not in schema
    assert "address.countryCode" in schema
    assert schema["costs.center"].custom
    assert schema["vip"].kind is Kind.BOOLEAN
    assert schema["size"].allowed == ("S",)


def test_what_can_always_be_imported() -> None:
    """The password, the population and the lifecycle are in no tenant's list and always there."""
    assert {"username", "password", "population", "enabled", "lifecycle.status"} <= set(Schema.of([]))
    assert not READ_ONLY & set(STANDARD)
