"""A folder that is full, on a real Dovecot with its quota plugin: mail is on its ticket once and stays where it is."""

from pathlib import Path

from tests.dovecot import running
from tests.intake.imaphouse import numbered, open_house

# The archive has a quota of its own: within one quota a mail that is moved takes no more room than before
_QUOTA = """
mail_plugins = quota
namespace archive {
  separator = /
  prefix = Archive/
  location = maildir:%h/archive
}
plugin {
  quota = maildir:Inbox:ns=
  quota_rule = *:storage=10M
  quota2 = maildir:Archive:ns=Archive/
  quota2_rule = *:messages=1
}
"""


def test_a_full_folder_of_a_real_server_keeps_mail_where_it_is(tmp_path: Path) -> None:
    with running(extra=_QUOTA) as dovecot, open_house(tmp_path) as house:
        user = dovecot.new_user()
        dovecot.append(user, *(numbered(n) for n in range(3)))
        intake = house.open(dovecot.port, user, after="move:Archive/Done")
        assert intake.poll_once() == 3
        assert "OVERQUOTA" in intake.status.problem and len(house.told) == 1
        assert intake.poll_once() == 0  # what stayed is known
        assert len(dovecot.contents(user)) >= 2
        house.work()
        assert (house.tickets(), house.acknowledgements()) == (3, 3)
