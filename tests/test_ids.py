"""Typed ids: from what a thing is, never from chance."""

from __future__ import annotations

import re

import pytest

from benehub.ids import PERSON, PREFIXES, derive, numbered


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_the_same_thing_has_the_same_id(prefix: str) -> None:
    one = derive(prefix, "acme", "key")
    assert one == derive(prefix, "acme", "key")
    assert re.fullmatch(rf"{prefix}_[a-z2-7]{{24}}", one)


def test_other_things_have_other_ids() -> None:
    parts = [
        ("acme", "key"),
        ("other", "key"),
        ("acme", "keys"),
        ("acme", "k", "ey"),
        ("acmekey",),
        ("acme key",),
    ]
    assert len({derive("ent", *part) for part in parts}) == len(parts)


def test_an_id_stays_what_it_was() -> None:
    # Ids stand in databases: changing how they are made would part every row from its past.
    assert derive("ent", "acme", "a") == "ent_uuzxi2soy7jmfhtbgvvlgi3o"


def test_a_person_is_found_in_a_text_by_the_id_of_any_release() -> None:
    both = [numbered("per", 1203, "acme/1001"), derive("per", "acme", "1001")]
    assert PERSON.findall(f"deduction.set/{both[0]}/MED, {both[1]}.") == both
    assert not PERSON.findall("per_month per_employee_and_month")


def test_an_unknown_prefix_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="'zzz'"):
        derive("zzz", "a")
