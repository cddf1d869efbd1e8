"""Settings come from file and environment; secrets only by reference, and never into a message."""

from __future__ import annotations

import base64
import sys
import types
from pathlib import Path

import pytest

from benehub.errors import ConfigError
from benehub.settings import Settings, resolve_secret, vault

KEY = base64.b64encode(b"k" * 32).decode()
OTHER = base64.b64encode(b"o" * 32).decode()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and no setting in the environment."""
    for name in ("CONFIG", "DB", "SECRET_KEY", "ARTEFACTS", "LOG_LEVEL", "KEYS"):
        monkeypatch.delenv(f"BENEHUB_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults_need_no_file() -> None:
    assert Settings().db == "sqlite:///benehub.db"
    assert Settings().secret_key.startswith("env:")


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_environment_goes_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "benehub.toml").write_text('db = "sqlite:///a.db"\nartefacts = "out"\n')
    monkeypatch.setenv("BENEHUB_DB", "sqlite:///b.db")
    assert (Settings().db, Settings().artefacts) == ("sqlite:///b.db", "out")


def test_config_variable_names_another_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "other.toml").write_text('log_level = "INFO"\n')
    monkeypatch.setenv("BENEHUB_CONFIG", str(folder / "other.toml"))
    assert Settings().log_level == "INFO"


def test_a_named_file_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENEHUB_CONFIG", "nowhere.toml")
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        Settings()


@pytest.mark.parametrize(("text", "says"), [("db = [", "no TOML"), ('# x\ndatabse = "y"\n', r":2: .*databse")])
def test_a_bad_file_is_refused_with_its_place(folder: Path, text: str, says: str) -> None:
    (folder / "benehub.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        Settings()


def test_the_example_loads(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENEHUB_CONFIG", str(root / "config" / "benehub.example.toml"))
    assert Settings().secret_key == "file:benehub.keys"


def test_secrets_come_by_reference(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "from-env")
    (folder / "token").write_text("from-file\n")
    stand_in = types.ModuleType("keyring")
    stand_in.get_password = lambda service, name: f"{service}/{name}"  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "keyring", stand_in)
    assert resolve_secret("env:SOME_TOKEN") == "from-env"
    assert resolve_secret("file:token") == "from-file"
    assert resolve_secret("keyring:token") == "benehub/token"


def test_a_plain_secret_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="plain text") as caught:
        resolve_secret("hunter2-hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("reference", ["env:NOT_SET_ANYWHERE", "file:missing"])
def test_a_reference_to_nothing_is_an_error(reference: str) -> None:
    with pytest.raises(ConfigError, match="empty or missing"):
        resolve_secret(reference)


def test_keyring_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="pip install keyring"):
        resolve_secret("keyring:token")


def test_a_secret_file_that_is_no_text_is_an_error(folder: Path) -> None:
    (folder / "token").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        resolve_secret("file:token")


def test_the_last_key_seals_and_older_ones_still_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENEHUB_KEYS", f"k1={KEY}")
    sealed = vault(Settings()).seal(b"plain", "here")
    monkeypatch.setenv("BENEHUB_KEYS", f"k1={KEY}, k2={OTHER}")
    both = vault(Settings())
    assert both.current == "k2"
    assert both.open(sealed, "here") == b"plain"


@pytest.mark.parametrize(
    "keys",
    [
        KEY,
        KEY.rstrip("=") + "!==",
        f"={KEY}",
        f"k1={KEY},k1={OTHER}",
        "k1=!!!",
        "k1=c2hvcnQ=",
        "k1=\u00e4\u00e4",
    ],
)
def test_unusable_keys_are_refused_and_not_repeated(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENEHUB_KEYS", keys)
    with pytest.raises(ConfigError) as caught:
        vault(Settings())
    assert KEY[:12] not in str(caught.value)


def test_without_an_installation_it_is_said_how_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENEHUB_KEYS", raising=False)
    with pytest.raises(ConfigError, match="benehub init"):
        resolve_secret(Settings.model_fields["secret_key"].default)
    with pytest.raises(ConfigError, match="write the file"):
        resolve_secret("file:nowhere")
