"""Recordings on a real disk: valid at every moment, private, and never in the way of a call."""

import logging
import subprocess
import sys
import threading
import wave
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from twilio_rt_cli.audio import mulaw
from twilio_rt_cli.protocol.twilio import CallSid, StreamSid
from twilio_rt_cli.records.audio_files import MOST_WAITING_BYTES, AudioRecordings, Recording, header, prune

SID = CallSid("CA" + "1" * 32)
STREAM = StreamSid("MZ" + "1" * 32)
AT = datetime(2026, 11, 25, 9, 5, 7)


def begin(recordings: AudioRecordings, call_sid: CallSid = SID) -> Recording:
    return recordings.begin(call_sid, STREAM, AT)


def frames(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with wave.open(str(path)) as reader:
        assert (reader.getnchannels(), reader.getframerate(), reader.getsampwidth()) == (2, 8000, 2)
        return np.frombuffer(reader.readframes(reader.getnframes()), dtype="<i2").reshape(-1, 2)


def test_sound_and_silence_in_the_order_they_came(tmp_path: Path) -> None:
    with AudioRecordings(tmp_path) as recordings:
        recording = begin(recordings)
        recording.write([b"\x00\xff" * 80, 20_000, b"\xff\x80" * 40])
        recording.close()
    found = frames(recording.path)
    assert len(found) == 80 + 20_000 + 40
    assert set(map(tuple, found[:80].tolist())) == {(-32124, 0)}
    assert not found[80:20_080].any()
    assert set(map(tuple, found[20_080:].tolist())) == {(0, 32124)}


def test_it_lies_in_a_folder_of_its_day_for_this_user_alone(tmp_path: Path) -> None:
    told: list[tuple[CallSid, Path]] = []
    folder = tmp_path / "state" / "records"
    with AudioRecordings(folder, began=lambda call_sid, path: told.append((call_sid, path))) as recordings:
        recording = begin(recordings)
        recording.write([8000])
    assert recording.path == folder / "recordings" / "2026-11-25" / f"090507-{SID}.wav"
    assert told == [(SID, recording.path)]
    assert recording.path.stat().st_mode & 0o777 == 0o600
    for made in (recording.path.parent, folder / "recordings", folder, folder.parent):
        assert made.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("call_sid", ["../../../etc/passwd", "CA1/../../x", "/tmp/x", "", "a\x00b", "x" * 500])
def test_a_call_sid_chooses_no_folder(tmp_path: Path, call_sid: str) -> None:
    with AudioRecordings(tmp_path) as recordings:
        recording = begin(recordings, CallSid(call_sid))
        recording.write([80])
    assert [path.parent for path in tmp_path.rglob("*.wav")] == [tmp_path / "recordings" / "2026-11-25"]


def test_the_file_is_whole_after_every_write(tmp_path: Path) -> None:
    written = threading.Event()
    with AudioRecordings(tmp_path) as recordings:
        recording = begin(recordings)
        for number in range(1, 6):
            written.clear()
            recording.write([bytes(2 * 400)])
            recordings.after(written.set)
            assert written.wait(10)
            assert len(frames(recording.path)) == 400 * number
            assert recording.path.stat().st_size == 44 + 1600 * number


def test_a_process_killed_between_sound_and_header_leaves_a_file_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(header(1600) + bytes(1600) + b"\x12" * 777)
    assert len(frames(path)) == 400


def test_an_existing_file_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "recordings" / "2026-11-25" / f"090507-{SID}.wav"
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    with AudioRecordings(tmp_path) as recordings:
        recording = begin(recordings)
        recording.write([80, 80])
    assert recording.ended
    assert not (tmp_path / "elsewhere").exists()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_disk_that_takes_no_more_ends_one_recording_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "recordings" / "2026-11-25"
    blocked.parent.mkdir()
    blocked.write_text("not a folder")
    with AudioRecordings(tmp_path) as recordings:
        recording = begin(recordings)
        for _ in range(5):
            recording.write([bytes(80), 8000])
        recording.close()
    assert recording.ended
    [warning] = caplog.records
    assert warning.levelname == "WARNING"
    assert "the call goes on" in warning.getMessage()
    assert (warning.call, warning.stream) == (SID, STREAM)  # type: ignore[attr-defined]


def test_a_disk_that_is_too_slow_makes_silence_and_keeps_time_within_bounds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = threading.Event()
    sound = bytes(2 * 4000)
    with AudioRecordings(tmp_path) as recordings:
        recording = begin(recordings)
        recordings.after(go_on.wait)
        for _ in range(120):  # a minute
            recording.write([sound])
        go_on.set()
    found = frames(recording.path)
    kept = MOST_WAITING_BYTES // len(sound) * 4000
    assert len(found) == 120 * 4000
    assert found[:kept].all()
    assert not found[kept:].any()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "too slow" in caplog.text


def test_a_disk_that_hangs_for_long_fills_no_memory(tmp_path: Path) -> None:
    jobs: list[Callable[[], object]] = []
    recording = Recording(tmp_path / "a.wav", {}, jobs.append)
    for _ in range(5_000):
        recording.write([bytes(2 * 4000), 4000])
    assert len(jobs) < 50
    waited = len(jobs)
    for job in jobs:
        job()
    recording.write([4000, bytes(2 * 4000)])
    recording.close()
    for job in jobs[waited:]:
        job()
    found = frames(recording.path)
    assert len(found) == 5_000 * 8000 + 8000
    assert found[-4000:].all()
    assert not found[-8000:-4000].any()


def test_leaving_writes_what_was_given(tmp_path: Path) -> None:
    with AudioRecordings(tmp_path) as recordings:
        many = [begin(recordings, CallSid(f"CA{number:032d}")) for number in range(50)]
        for recording in many:
            recording.write([mulaw.encode(np.full(800, 1000, dtype=np.int16))])
    assert [len(frames(recording.path)) for recording in many] == [400] * 50


def test_old_recordings_go_and_everything_else_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("2026-10-01/090507-CA1.wav", "2026-10-02/090507-CA1.wav", "2026-10-02/mine.txt", "notes/a.wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "2026-11-25").mkdir()
    assert prune(tmp_path, date(2026, 11, 1)) == 2
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == ["2026-10-02", "2026-10-02/mine.txt", "2026-11-25", "notes", "notes/a.wav"]
    assert prune(tmp_path / "nowhere", date(2026, 11, 1)) == 0


def test_a_new_recording_lets_old_ones_go(tmp_path: Path) -> None:
    old, young = (tmp_path / "recordings" / day / "090507-CA1.wav" for day in ("2026-11-17", "2026-11-18"))
    for path in (old, young):
        path.parent.mkdir(parents=True)
        path.touch()
    with AudioRecordings(tmp_path, days=7) as recordings:
        begin(recordings).write([80])
    assert not old.exists()
    assert young.exists()


FULL = """
import logging, resource, signal, sys
from datetime import datetime
from pathlib import Path
from twilio_rt_cli.records.audio_files import AudioRecordings

logging.basicConfig(format="%(levelname)s %(call)s %(message)s")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with AudioRecordings(Path(sys.argv[1])) as recordings:
    many = [recordings.begin(name, "MZ1", datetime(2026, 11, 25)) for name in ("CAlong", "CAshort")]
    for number in range(14):
        many[0].write([bytes(8000)])
        if number < 3:
            many[1].write([bytes(8000)])
    for one in many:
        one.close()
print("the call went on")
"""


KILLED = """
import sys
from datetime import datetime
from pathlib import Path
from twilio_rt_cli.records.audio_files import AudioRecordings

with AudioRecordings(Path(sys.argv[1])) as recordings:
    recording = recordings.begin("CA1", "MZ1", datetime(2026, 11, 25))
    while True:
        recording.write([bytes(8000), 4000])
        recordings.after(lambda: print("written", flush=True))
        sys.stdin.readline()
"""


@pytest.mark.parametrize("pieces", [1, 7, 30])
def test_a_process_that_is_killed_while_it_writes_leaves_a_file_that_can_be_read(tmp_path: Path, pieces: int) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(pieces):
            assert process.stdout.readline() == "written\n"
            process.stdin.write("more\n")
            process.stdin.flush()
        process.kill()  # in the middle of the next
    [path] = tmp_path.rglob("*.wav")
    found = frames(path)
    assert len(found) in (8000 * pieces, 8000 * pieces + 4000, 8000 * (pieces + 1))
    assert found[:4000].all()
    assert not found[4000:8000].any()


def test_when_the_kernel_takes_no_more_the_rest_of_the_file_is_whole_and_others_go_on(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True, timeout=30
    )
    long, short = sorted(tmp_path.rglob("*.wav"))
    assert done.stdout == "the call went on\n"
    assert [line.split()[:2] for line in done.stderr.splitlines()] == [["WARNING", "CAlong"]]
    assert "File too large" in done.stderr
    assert long.stat().st_size == 44 + 6 * 16_000
    assert (len(frames(long)), len(frames(short))) == (6 * 4000, 3 * 4000)
