"""Delivery into a Maildir: exact bytes, one file a mail, never twice."""

import mailbox
import os
from pathlib import Path
from typing import Any

import pytest

from mailproc.delivery.filedrop import MaildirSender
from mailproc.errors import Permanent
from mailproc.records.delivery import ReceiptState


def files(path: Path) -> list[str]:
    return sorted(f"{folder}/{name}" for folder in ("cur", "new", "tmp") for name in os.listdir(path / folder))


def test_folder_stands_before_anything_is_delivered(tmp_path: Path) -> None:
    MaildirSender(tmp_path / "data" / "sent")
    assert sorted(os.listdir(tmp_path / "data" / "sent")) == ["cur", "new", "tmp"]
    MaildirSender(tmp_path / "data" / "sent")  # and may stand already


def test_bytes_are_exact_and_named_after_the_outbox_id(tmp_path: Path, mail: Any) -> None:
    way_out = MaildirSender(tmp_path)
    one, two = mail(id=41), mail(id=42, recipient="other@c.test", raw=b"Subject: x\r\n\r\n\xff\0\r\n")
    assert [way_out.deliver(each).state for each in (one, two)] == [ReceiptState.SENT] * 2
    names = files(tmp_path)
    assert [name.split(".")[0] for name in names] == ["new/00000041", "new/00000042"]
    assert [(tmp_path / name).read_bytes() for name in names] == [one.raw, two.raw]
    assert len(mailbox.Maildir(tmp_path, create=False)) == 2


@pytest.mark.parametrize("moved_to", ["new/{}", "cur/{}", "cur/{}:2,S", "cur/{}:2,FRS"])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_f21_delivering_again_adds_nothing(tmp_path: Path, mail: Any, moved_to: str, is_restarted: bool) -> None:
    way_out = MaildirSender(tmp_path)
    way_out.deliver(mail())
    (name,) = os.listdir(tmp_path / "new")
    os.rename(tmp_path / "new" / name, tmp_path / moved_to.format(name))
    if is_restarted:
        way_out = MaildirSender(tmp_path)
    before = files(tmp_path)
    for _ in range(3):
        assert way_out.deliver(mail()).state is ReceiptState.SENT
    assert files(tmp_path) == before


def test_reader_that_moves_files_at_any_time_makes_no_double(tmp_path: Path, mail: Any) -> None:
    way_out = MaildirSender(tmp_path)
    for n in range(20):
        way_out.deliver(mail(id=n))
        for name in os.listdir(tmp_path / "new"):
            os.rename(tmp_path / "new" / name, tmp_path / "cur" / f"{name}:2,S")
        way_out.deliver(mail(id=n))
    assert len(files(tmp_path)) == 20


def test_another_mail_with_the_same_id_is_not_swallowed(tmp_path: Path, mail: Any) -> None:
    # A new database counts its outbox from 1 again, over the same folder.
    MaildirSender(tmp_path).deliver(mail(id=1, raw=b"old\r\n"))
    MaildirSender(tmp_path).deliver(mail(id=1, raw=b"new\r\n"))
    assert len(files(tmp_path)) == 2


def test_unfinished_file_of_a_crash_does_no_harm(tmp_path: Path, mail: Any) -> None:
    way_out = MaildirSender(tmp_path)
    way_out.deliver(mail())
    (name,) = os.listdir(tmp_path / "new")
    os.rename(tmp_path / "new" / name, tmp_path / "tmp" / f"{name}.{os.getpid()}")
    (tmp_path / "tmp" / f"{name}.{os.getpid()}").write_bytes(b"hal")
    assert way_out.deliver(mail()).state is ReceiptState.SENT
    assert files(tmp_path) == [f"new/{name}"]
    assert (tmp_path / "new" / name).read_bytes() == mail().raw


def test_trouble_with_the_disk_is_deferred(tmp_path: Path, mail: Any) -> None:
    way_out = MaildirSender(tmp_path)
    os.rmdir(tmp_path / "tmp")
    receipt = way_out.deliver(mail())
    assert receipt.state is ReceiptState.DEFERRED and str(tmp_path) in receipt.text
    os.mkdir(tmp_path / "tmp")
    assert way_out.deliver(mail()).state is ReceiptState.SENT


@pytest.mark.parametrize("broken", [{"recipient": "../../etc/passwd"}, {"raw": b"a\nb\r\n"}, {"raw": b""}])
def test_t42_t43_what_smtp_would_refuse_is_refused_here(tmp_path: Path, mail: Any, broken: dict[str, Any]) -> None:
    receipt = MaildirSender(tmp_path).deliver(mail(**broken))
    assert receipt.state is ReceiptState.FAILED
    assert files(tmp_path) == []


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Permanent, match="cannot make the folder .*file.*change `path`"):
        MaildirSender(tmp_path / "file" / "sent")
