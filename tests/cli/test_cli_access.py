"""Users, tokens and the trail at the command line; a password is never an argument."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "correct horse battery staple"


@pytest.fixture
def owned(cli: Any, employed: Path, cheap_passwords: object) -> Path:
    """An installation with its first admin, and an employer."""
    (employed / "pw").write_text(f"{PASSWORD}\n")
    cli.run("init", "--admin", "Own@Acme.example", "--name", "Own Er", "--password-file", "pw")
    return employed


def test_init_makes_the_first_admin_once(cli: Any, owned: Path) -> None:
    (told,) = cli.told("users", "list")
    assert (told["email"], told["roles"], told["state"]) == ("own@acme.example", ["owner@*"], "active")
    assert cli.told("init")["admin"] == "there is one already"
    cli.run("init", "--admin", "other@acme.example", "--password-file", "pw")
    assert len(cli.told("users", "list")) == 1


def test_init_reads_the_password_from_standard_input(cli: Any, home: Path, cheap_passwords: object) -> None:
    assert "none yet" in cli.told("init")["admin"]
    assert "a password is needed" in cli.run("init", "--admin", "own@acme.example", code=2).output
    weak = cli.run("init", "--admin", "own@acme.example", "--password-file", "-", code=2, stdin="Password2026!\n")
    assert "tried first" in weak.output and "2026" not in weak.output
    cli.run("init", "--admin", "own@acme.example", "--password-file", "-", stdin=f"{PASSWORD}\n")
    assert [one["email"] for one in cli.told("users", "list")] == ["own@acme.example"]


def test_a_user_is_added_given_roles_disabled_and_reset(cli: Any, owned: Path) -> None:
    cli.run("users", "add", "ann@acme.example", "--name", "Ann", "--password-file", "-", "--dry-run", stdin=PASSWORD)
    assert len(cli.told("users", "list")) == 1
    cli.run("users", "add", "ann@acme.example", "--name", "Ann", "--password-file", "-", stdin=PASSWORD)
    cli.run("users", "role", "ann@acme.example", "finance", "-e", "acme")
    cli.run("users", "role", "ann@acme.example", "auditor", "--everywhere")
    cli.run("users", "role", "ann@acme.example", "finance", code=2)
    cli.run("users", "role", "ann@acme.example", "king", "-e", "acme", code=2)
    cli.run("users", "role", "ann@acme.example", "employee", "-e", "acme", code=2)
    assert cli.told("users", "list")[0]["roles"] == ["auditor@*", "finance@acme"]
    cli.run("users", "role", "ann@acme.example", "auditor", "--everywhere", "--take")
    cli.run("users", "disable", "ann@acme.example")
    assert (cli.told("users", "list")[0]["roles"], cli.told("users", "list")[0]["state"]) == (
        ["finance@acme"],
        "disabled",
    )
    cli.run("users", "disable", "ann@acme.example", "--undo")
    cli.run("users", "reset", "ann@acme.example", "--password-file", "-", stdin="another horse battery staple")
    cli.run("users", "reset", "ann@acme.example", code=2)
    cli.run("users", "reset", "ann@acme.example", "--second-factor", code=2)
    assert "nobody would be left" in cli.run("users", "disable", "own@acme.example", code=1).output
    assert "there is no sign-in provider" in cli.run("users", "invite", "ann@acme.example", "--by", "x", code=2).output
    with (owned / "benehub.toml").open("a", encoding="utf-8") as file:
        file.write('[oidc.login]\nissuer = "https://login.example"\nclient_id = "benehub"\n')
    assert "invited: usr_" in cli.run("users", "invite", "ann@acme.example", "--by", "login").output
    assert "ann@acme.example" in cli.run("users", "list").output


def test_a_token_is_shown_once(cli: Any, owned: Path) -> None:
    made = cli.told("tokens", "add", "own@acme.example", "--label", "ci", "--scope", "see_money", "--days", "7")
    assert made["token"].startswith("bhb_") and made["id"].startswith("tok_")
    listed = cli.run("tokens", "list", "--json").output
    assert made["id"] in listed and made["token"] not in listed
    cli.run("tokens", "add", "own@acme.example", "--label", "ci", "--scope", "everything", code=2)
    cli.run("tokens", "add", "own@acme.example", "--label", "ci", "--scope", "see_money", "--days", "400", code=2)
    tried = cli.told("tokens", "add", "own@acme.example", "--label", "x", "--scope", "see_money", "--dry-run")
    assert tried["token"] == "(dry run)" and len(cli.told("tokens", "list")) == 1
    cli.run("tokens", "revoke", made["id"])
    assert cli.told("tokens", "list")[0]["state"] == "revoked"
    cli.run("tokens", "revoke", made["id"], code=2)


def test_the_trail_is_taken_along_and_checked(cli: Any, owned: Path) -> None:
    cli.run("users", "add", "ann@acme.example", "--name", "Ann", "--who", "=own")
    lines = [json.loads(line) for line in cli.run("audit", "export").output.splitlines()]
    loaded = [("benehub plan load", "cli")] * 2  # asked and done: there was no employer yet
    ended = [*loaded, ("first owner", "init"), ("add a user", "=own")]
    assert [(one["action"], one["who"]) for one in lines] == ended
    cli.run("audit", "export", "--csv", "--out", "trail.csv")
    with (owned / "trail.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["who"] for row in rows] == ["cli", "cli", "init", "'=own", "cli"] and rows[4][
        "action"
    ] == "export the audit trail"
    told = cli.told("audit", "verify")
    assert (told["rows"], told["wrong"]) == (6, "") and told["head"].startswith("6:")
    cli.run("audit", "verify", "--head", told["head"])
    assert "set back" in cli.told("audit", "verify", "--head", "6:abc", code=1)["wrong"]
    assert cli.told("audit", "verify", "-e", "acme")["rows"] == 2, "the connection of the fixture, asked and done"
    cli.run("audit", "verify", "-e", "nobody", code=2)


def test_a_setting_of_a_provider_is_read_and_a_wrong_one_named(
    cli: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benehub.api.front import front_of
    from benehub.cli.opening import read_settings
    from benehub.errors import ConfigError

    monkeypatch.setenv("OIDC_SECRET", "s3cret")
    kept = (home / "benehub.toml").read_text()
    table = (
        '\n[oidc.okta]\nissuer = "https://acme.okta.example"\nclient_id = "benehub"\n'
        'client_secret = "env:OIDC_SECRET"\n[oidc.okta.roles]\nhr = ["benefits_admin@acme"]\n'
    )
    (home / "benehub.toml").write_text(f'public_url = "https://hub.example"\nsession_hours = 8\n{kept}{table}')
    front = front_of(read_settings())
    assert front.providers["okta"].provider.client_secret == "s3cret" and "s3cret" not in repr(front)
    assert front.policy.lifetimes.whole.total_seconds() == 8 * 3600 and front.policy.second_factor
    (home / "benehub.toml").write_text(f"{kept}{table}".replace("benefits_admin@", "king@"))
    with pytest.raises(ConfigError, match="no role 'king'"):
        front_of(read_settings())
    (home / "benehub.toml").write_text(f"{kept}{table}".replace("env:OIDC_SECRET", "s3cret"))
    with pytest.raises(ConfigError, match="in plain text"):
        front_of(read_settings())
    (home / "benehub.toml").write_text(f'public_url = "http://hub.example"\n{kept}')
    with pytest.raises(ConfigError, match="public_url"):
        read_settings()
