"""What a caller may do follows from roles and scopes alone, and what nobody granted is denied."""

from __future__ import annotations

import pytest

from benehub.access import GRANTS, Caller, Permission, Role


@pytest.mark.parametrize("permission", Permission)
def test_nobody_may_anything(permission: Permission) -> None:
    assert not Caller("usr_1", "Nobody").may(permission, "acme")


@pytest.mark.parametrize("role", Role)
def test_a_role_with_one_employer_reaches_no_other(role: Role) -> None:
    caller = Caller("usr_1", "Ann", roles={"acme": frozenset({role})}, persons={"acme": "per_1"})
    assert {p for p in Permission if caller.may(p, "acme")} == GRANTS[role]
    assert not any(caller.may(p, "other") for p in Permission)
    assert not any(caller.anywhere(p) for p in Permission)


def test_an_auditor_changes_nothing() -> None:
    assert all(permission.value.startswith("see_") for permission in GRANTS[Role.AUDITOR])


def test_an_employee_sees_only_himself_and_only_where_he_is_one() -> None:
    role = frozenset({Role.EMPLOYEE})
    assert not Caller("usr_1", "Ann", roles={"acme": role}).may(Permission.SEE_SELF, "acme")
    linked = Caller("usr_1", "Ann", roles={"acme": role}, persons={"acme": "per_1"})
    assert [p for p in Permission if linked.may(p, "acme")] == [Permission.SEE_SELF]


def test_scopes_only_narrow() -> None:
    wide = frozenset(Permission)
    narrow = Caller("usr_1", "Ann", everywhere=frozenset({Role.OWNER}), scopes=frozenset({Permission.SEE_MONEY}))
    assert narrow.may(Permission.SEE_MONEY, "acme") and not narrow.may(Permission.SEND, "acme")
    auditor = Caller("usr_1", "Ann", roles={"acme": frozenset({Role.AUDITOR})}, scopes=wide)
    assert not auditor.may(Permission.SEND, "acme")
