"""The case in work that a new mail may belong to: found by an index that an older database gets as well."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailproc.store import resemblance
from mailproc.store.connection import connect, read_place
from mailproc.store.database import Store, open_store
from mailproc.store.migrate import MIGRATIONS, migrate
from mailproc.store.transaction import Tx

NOW = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
JANE = "jane@customer.example"


def _insert(tx: Tx, serial: int, state: str = "open", at: datetime = NOW, subject: str = "printer") -> None:
    number = resemblance.to_number(JANE, subject)
    tx.execute(
        "INSERT INTO ticket (serial, number, subject, state, requester, requester_name, department, priority, language,"
        " assignee, channel, sla, tags, fields, created_at, updated_at, requester_message_id, resembles)"
        " VALUES (?, ?, '', ?, ?, '', 'frontdesk', '', '', '', '', '', '[]', '{}', ?, '', '', ?)",
        (serial, f"ACME-{serial}", state, JANE, f"{at:%Y-%m-%dT%H:%M:%S.%f}Z", number),
    )


def test_the_newest_case_in_work_of_the_week_is_found(store: Store) -> None:
    def job(tx: Tx) -> list[int | None]:
        for serial, state, days in (
            (1, "open", 1),
            (2, "pending", 6),
            (3, "resolved", 1),
            (4, "new", 8),
            (5, "closed", 0),
        ):
            _insert(tx, serial, state, NOW - timedelta(days=days))
        asked = [(JANE, "printer"), (JANE, "scanner"), ("joe@customer.example", "printer"), (JANE, ""), ("", "printer")]
        found = [resemblance.find(tx, sender, subject, NOW) for sender, subject in asked]
        return [one.serial if one is not None else None for one in found]

    assert store.run(job) == [2, None, None, None, None]


def test_a_former_schema_with_tickets_gets_the_column(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    connection = connect(read_place(url, checkpoints=False, busy_seconds=10))
    step = next(number for number, one in enumerate(MIGRATIONS) if one.apply is resemblance.add_column)
    migrate(connection, MIGRATIONS[:step])
    connection.execute(
        "INSERT INTO ticket (serial, number, subject, state, requester, requester_name, department, priority, language,"
        " assignee, channel, sla, tags, fields, created_at, updated_at, requester_message_id)"
        " VALUES (1, 'ACME-1', 'Printer', 'open', ?, '', '', '', '', '', '', '', '[]', '{}', '', '', '')",
        (JANE,),
    )
    connection.close()
    with open_store(url) as store, store.read() as tx:
        assert tuple(tx.execute("SELECT serial, resembles FROM ticket").fetchone()) == (1, None)
        assert resemblance.find(tx, JANE, "printer", NOW) is None
