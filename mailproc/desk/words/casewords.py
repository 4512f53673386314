"""The words for a case that agents read: its states, its priorities, what can be changed, commands as `#help` has them.

Dry: data, and the commands' names taken from `commandhelp`.
"""

from typing import Final

from mailproc.desk.commands.commandhelp import HELP

_ORDER = ("en", "de", "es", "fr", "it", "no", "pl")
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "state.new": ("new", "neu", "nuevo", "nouveau", "nuova", "ny", "nowe"),
    "state.open": ("open", "in Arbeit", "en curso", "en cours", "in corso", "under arbeid", "w toku"),
    "state.pending": (
        "waiting for the customer", "wartet auf den Kunden", "espera al cliente", "attend le client",
        "in attesa del cliente", "venter på kunden", "czeka na klienta",
    ),
    "state.on-hold": ("resting", "ruht", "en pausa", "en pause", "sospesa", "på vent", "wstrzymane"),
    "state.resolved": ("resolved", "erledigt", "resuelto", "résolu", "risolta", "løst", "rozwiązane"),
    "state.closed": ("closed", "geschlossen", "cerrado", "fermé", "chiusa", "lukket", "zamknięte"),
    "priority.low": ("low", "niedrig", "baja", "basse", "bassa", "lav", "niski"),
    "priority.normal": ("normal", "normal", "normal", "normale", "normale", "normal", "normalny"),
    "priority.high": ("high", "hoch", "alta", "haute", "alta", "høy", "wysoki"),
    "priority.urgent": ("urgent", "dringend", "urgente", "urgente", "urgente", "haster", "pilny"),
    "attribute.state": ("state", "Zustand", "estado", "état", "stato", "tilstand", "stan"),
    "attribute.department": ("department", "Abteilung", "departamento", "service", "reparto", "avdeling", "dział"),
    "attribute.priority": ("priority", "Priorität", "prioridad", "priorité", "priorità", "prioritet", "priorytet"),
    "attribute.assignee": (
        "assigned to", "zugewiesen an", "asignado a", "attribué à", "assegnata a", "tildelt", "przypisane do",
    ),
    "attribute.language": ("language", "Sprache", "idioma", "langue", "lingua", "språk", "język"),
    "attribute.sla": ("promise", "Zusage", "compromiso", "engagement", "impegno", "løfte", "zobowiązanie"),
    "attribute.subject": ("subject", "Betreff", "asunto", "objet", "oggetto", "emne", "temat"),
    "attribute.tags": ("tags", "Schlagworte", "etiquetas", "étiquettes", "etichette", "emneord", "etykiety"),
    "attribute.due": ("due", "fällig", "vence", "échéance", "scadenza", "frist", "termin"),
    "attribute.wait": ("rests until", "ruht bis", "en pausa hasta", "en pause jusqu’au", "sospesa fino al",
                       "på vent til", "wstrzymane do"),
}  # fmt: skip


def _from_help() -> dict[str, dict[str, str]]:
    """`verb.close`: `#schließen` in German; `example.assign`: `#zuweisen ann`. English where `#help` is silent."""
    found: dict[str, dict[str, str]] = {}
    english = list(HELP["en"])
    for language, lines in HELP.items():
        for place, line in enumerate(lines):
            verb = english[place].partition(" ")[0].lstrip("#")
            found.setdefault(f"verb.{verb}", {}).setdefault(language, line.partition(" ")[0])
            # A verb that `#help` shows twice is shown with cases the second time: `#close ACME-482-170 ACME-482-189`
            is_again = language in found.get(f"example.{verb}", {})
            found.setdefault(f"example.{verb}-cases" if is_again else f"example.{verb}", {})[language] = line
    return found


CASE_WORDS: Final[dict[str, dict[str, str]]] = {
    **{key: dict(zip(_ORDER, words, strict=True)) for key, words in _WORDS.items()},
    **_from_help(),
}
