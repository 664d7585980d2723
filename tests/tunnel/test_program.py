"""Which ngrok is run, and what is said when there is none."""

import os
from pathlib import Path

import pytest

from tests.tunnel.world import config, opened
from twilio_rt_cli.errors import SettingsError, UnreachableError


def test_ngrok_is_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = config(tmp_path)
    assert wanted.ngrok_path is not None
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert opened(config(tmp_path, ngrok_path=None)).public_url


def test_without_ngrok_and_without_network_the_way_to_install_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(tmp_path / "bin" / "ngrok"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(UnreachableError) as failed:
        opened(config(tmp_path, ngrok_path=None))
    assert failed.value.message.startswith("ngrok is not installed, and cannot be downloaded: ")
    assert "https://ngrok.com/download" in failed.value.hint
    assert capsys.readouterr().out == ""
    with pytest.raises(SettingsError, match="NGROK_AUTHTOKEN is missing"):
        opened(config(tmp_path, ngrok_path=None, authtoken=None))
