from pathlib import Path

import pytest

from twilio_rt_cli.call_test.account import account, local_account
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.protocol.signature import Algorithm

SID = "AC" + "1" * 32


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SHARED_KEY", "TWILIO_PHONE_NUMBER"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_token_nothing_is_signed_and_the_account_is_nobodys() -> None:
    found = account()

    assert found.signer.secret is None
    assert (found.account_sid[:2], len(found.account_sid)) == ("AC", 34)


def test_the_environment_and_dot_env_name_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(f"TWILIO_AUTH_TOKEN=from-file\nTWILIO_ACCOUNT_SID={SID}\nTWILIO_PHONE_NUMBER=+15550100\n")
    first = account()
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "from-environment")

    assert (first.account_sid, first.signer.secret, first.to_number) == (SID, "from-file", "+15550100")
    assert account().signer.secret == "from-environment"


def test_a_shared_key_signs_where_there_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_SHARED_KEY", "key")
    by_key = account().signer
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")

    assert (by_key.secret, by_key.algorithm) == ("key", Algorithm.HMAC_SHA256)
    assert (account().signer.secret, account().signer.algorithm) == ("token", Algorithm.HMAC_SHA1)


def test_a_dot_env_that_is_no_text_is_said() -> None:
    Path(".env").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsError):
        account()


def test_every_local_call_has_a_token_of_its_own() -> None:
    assert local_account().signer.secret != local_account().signer.secret
