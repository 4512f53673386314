"""The words of commands in an agent's mail, in the languages mail is written in. Dry: data only.

Every list is folded when it is read: case, accents and `ß` do not matter. A word means the same in every language; a
test refuses one that would not. A language is added by adding its words to each block.
"""

from typing import Final

# verb -> its words: English first, then German, Spanish, French, Italian, Norwegian, Polish
VERB_WORDS: Final[dict[str, str]] = {
    "close": "close closed schließen schliessen schließe geschlossen cerrar cerrado cierra fermer clore clos fermé "
    "chiudi chiudere chiuso lukk lukke lukket zamknij zamknąć zamknięte zamknięty",
    "resolve": "resolve resolved solve solved done fixed gelöst geloest lösen erledigt resolver resuelto résoudre "
    "résolu terminé risolvi risolvere risolto løs løse løst ferdig rozwiąż rozwiązane rozwiązany załatwione",
    "reopen": "reopen open öffnen oeffnen wiederöffnen wieder-öffnen reabrir reabierto abrir rouvrir réouvrir ouvrir "
    "riapri riaprire apri gjenåpne åpne otwórz wznów",
    "take": "take mine grab übernehmen uebernehmen übernehme nehmen tomar asumir prendre prends prendi prendere ta "
    "tar overta weź biorę przejmij",
    "assign": "assign zuweisen zuteilen asignar assigner attribuer assegna assegnare affida affidare tildel "
    "przypisz przydziel",
    "to": "to move department dept abteilung weiterleiten mover departamento vers service reparto sposta til flytt "
    "avdeling dział przekaż",
    "escalate": "escalate eskalieren eskaliere escalar escalader escalare eskaler eskaluj",
    "priority": "priority prio priorität prioritaet prioridad priorité priorità prioritet priorytet",
    "tag": "tag tags label schlagwort schlagworte etiqueta etiquetas étiquette étiquettes etichetta etichette "
    "merkelapp emneord etykieta etykiety",
    "field": "field feld campo champ felt pole",
    "due": "due deadline fällig faellig frist vence plazo échéance scadenza scade termin",
    "wait": "wait hold warten warte espera esperar attendre attends aspetta aspettare vent vente czekaj czekać",
    "pending": "pending ausstehend rückfrage pendiente attente en-attente attesa in-attesa avventer oczekuje "
    "oczekujące",
    "note": "note internal notiz intern nota interna interne interno notat notatka wewnętrzna",
    "cc": "cc kopie copia copie kopi kopia dw",
    "merge": "merge zusammenführen zusammenfuehren zusammenlegen fusionar unir fusionner unisci unire slåsammen "
    "slå-sammen połącz scal",
    "split": "split teilen trennen aufteilen dividir separar diviser séparer dividi separa splitt podziel wydziel",
    "link": "link verknüpfen verknuepfen verbinden enlazar vincular lier relier collega collegare koble lenke powiąż",
    "kb": "kb wissen",
    "status": "status estado statut état stato",
    "spam": "spam pourriel søppel",
    "undo": "undo rückgängig rueckgaengig zurücknehmen deshacer annuler annulla annullare angre cofnij",
    "help": "help commands hilfe befehle ayuda aide aiuto hjelp pomoc",
    "list": "list liste listar lista lister elenco",
    "show": "show zeige zeigen mostrar muestra montrer afficher affiche mostra vis pokaż",
    "next": "next nächster nächste naechster weiter siguiente suivant prossimo successivo neste następny następne",
    "from": "from von remitente expéditeur mittente fra od nadawca",
    "channel": "channel kanal canal canale kanał",
    "quiet": "quiet silent leise stumm silencio silencieux silence silenzio stille cicho",
}

PRIORITY_WORDS: Final[dict[str, str]] = {
    "low": "low niedrig gering baja bajo basse faible bassa basso lav niski niska niskie",
    "normal": "normal medium mittel media moyenne normale media vanlig normalny normalna normalne średni",
    "high": "high hoch alta alto haute élevée élevé høy høyt wysoki wysoka wysokie",
    "urgent": "urgent critical dringend kritisch urgente critique critico haster hast kritisk pilny pilna pilne "
    "krytyczny",
}

LIST_WORDS: Final[dict[str, str]] = {
    "mine": "mine my meine mir mías míos mis mes miens miennes miei mie moje",
    "department": "department dept team departments abteilung abteilungen equipo departamento service équipe "
    "reparto squadra avdeling avdelingen dział zespół",
    "open": "open all offen offene alle abiertos abiertas todos ouverts ouvertes tous aperti aperte tutti åpne åpen "
    "otwarte wszystkie",
    "overdue": "overdue late überfällig überfällige vencidos vencidas atrasados retard en-retard scaduti scadute "
    "ritardo forfalt forsinket zaległe spóźnione przeterminowane",
}

# How somebody reached us, for `#channel`
CHANNEL_WORDS: Final[dict[str, str]] = {
    "phone": "phone call telephone telefon anruf telefonat teléfono llamada téléphone appel telefono telefonata "
    "chiamata samtale oppringning rozmowa telefonicznie",
    "walk-in": "walk-in visit counter in-person besuch schalter persönlich visita mostrador visite guichet sportello "
    "besøk oppmøte skranke wizyta osobiście",
    "chat": "chat czat",
    "letter": "letter post brief carta lettre courrier lettera brev list poczta",
    "fax": "fax faks télécopie",
    "sms": "sms text",
    "social": "social social-media facebook instagram whatsapp",
    "other": "other sonstiges anderes otro autre altro annet inny inne",
}

# Whom `#assign` can mean without a name
ME_WORDS: Final = "me myself mir mich yo mí moi me meg mnie"

# What stands between `#wait` and its date
UNTIL_WORDS: Final = (
    "until till bis zum hasta el jusqu'au jusqu'à jusque au fino a ad al all' til den do dnia on am le il en"
)

TODAY_WORDS: Final = "today heute hoy aujourd'hui oggi idag i-dag dziś dzisiaj"
TOMORROW_WORDS: Final = "tomorrow morgen mañana demain domani imorgen i-morgen jutro jutra"
OVERMORROW_WORDS: Final = (
    "day-after-tomorrow übermorgen uebermorgen pasado-mañana après-demain dopodomani overimorgen i-overmorgen pojutrze"
)
# "next Friday" is the next one there is
NEXT_WORDS: Final = (
    "next this nächsten naechsten nächste nächster kommenden próximo próxima prochain prochaine prossimo prossima "
    "neste następny następną przyszły przyszłym coming el la le il den w we på"
)
WEEK_WORDS: Final = "week woche semana semaine settimana uke tydzień tygodniu"
IN_WORDS: Final = "in en dans tra fra om za dentro de"

UNIT_WORDS: Final[dict[str, str]] = {
    "h": "h hr hrs hour hours stunde stunden std hora horas heure heures ora ore time timer t godzina godziny godzin "
    "godz",
    "d": "d day days tag tage tagen día días j jour jours g giorno giorni dag dager dzień dni",
    "w": "w week weeks woche wochen semana semanas semaine semaines settimana settimane uke uker tydzień tygodnie "
    "tygodni",
}
