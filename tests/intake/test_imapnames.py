"""Tests of folder names: what an admin may have written for what a server has."""

import pytest

from mailproc.intake.imapnames import check_name, find_folder, name_new_folder


@pytest.mark.parametrize(
    ("wanted", "existing", "delimiter", "prefix", "found"),
    [
        ("Processed", ("INBOX", "Processed"), "/", "", "Processed"),
        ("Processed", ("INBOX", "INBOX.Processed"), ".", "INBOX.", "INBOX.Processed"),
        ("INBOX/Processed", ("INBOX", "INBOX.Processed"), ".", "INBOX.", "INBOX.Processed"),
        ("INBOX.Processed", ("INBOX", "INBOX/Processed"), "/", "", "INBOX/Processed"),
        ("inbox.Processed", ("INBOX.Processed",), ".", "INBOX.", "INBOX.Processed"),
        ("INBOX/Processed", ("INBOX", "Processed"), "/", "", "Processed"),
        ("inbox", ("INBOX",), "/", "", "INBOX"),
        ("Archive/2026", ("Archive.2026",), ".", "", "Archive.2026"),
        ("v1.0", ("v1.0", "v1/0"), "/", "", "v1.0"),
        ("Zgłoszenia", ("Zgłoszenia",), "/", "", "Zgłoszenia"),
        ("Processed", ("INBOX", "processed"), "/", "", None),
        ("Processed", (), "", "", None),
        ("Processed", ("Processed",), "", "", "Processed"),
    ],
)
def test_folder_is_found_whatever_the_separator(
    wanted: str, existing: tuple[str, ...], delimiter: str, prefix: str, found: str | None
) -> None:
    assert find_folder(wanted, existing, delimiter, prefix) == found


@pytest.mark.parametrize(
    ("wanted", "delimiter", "prefix", "name"),
    [
        ("Processed", "/", "", "Processed"),
        ("Processed", ".", "INBOX.", "INBOX.Processed"),
        ("INBOX/Processed", ".", "INBOX.", "INBOX.Processed"),
        ("Archive/2026", ".", "INBOX.", "INBOX.Archive.2026"),
        ("Archive/2026", "", "", "Archive/2026"),
    ],
)
def test_new_folder_is_named_as_the_server_separates(wanted: str, delimiter: str, prefix: str, name: str) -> None:
    assert name_new_folder(wanted, delimiter, prefix) == name


@pytest.mark.parametrize("name", ["", "a\r\nA1 DELETE INBOX", "a\0b", "a\x7f", "a\ud800"])
def test_t49c_a_name_that_could_end_a_command_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a folder name"):
        check_name(name)
