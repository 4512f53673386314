"""What is said of a file - an appointment, a signature, an encrypted mail - in an agent's language. Dry.

The message room says it in English and knows nobody's language; its sentences are few, and each piece of them has its
words here. What a file says itself (a title, a place, a name) stays as it is.
"""

import re
from typing import Final

_ORDER = ("de", "es", "fr", "it", "no", "pl")
_BETWEEN = " · "

# Whole pieces, or what stands before the first `: `
_PIECES: Final[dict[str, tuple[str, ...]]] = {
    "Invitation": ("Einladung", "Invitación", "Invitation", "Invito", "Invitasjon", "Zaproszenie"),
    "Appointment": ("Termin", "Cita", "Rendez-vous", "Appuntamento", "Avtale", "Spotkanie"),
    "Invitation, one more date": (
        "Einladung, ein weiterer Termin", "Invitación, una fecha más", "Invitation, une date de plus",
        "Invito, una data in più", "Invitasjon, enda en dato", "Zaproszenie, dodatkowy termin",
    ),
    "Cancelled": ("Abgesagt", "Cancelado", "Annulé", "Annullato", "Avlyst", "Odwołane"),
    "Answer to an invitation": (
        "Antwort auf eine Einladung", "Respuesta a una invitación", "Réponse à une invitation",
        "Risposta a un invito", "Svar på en invitasjon", "Odpowiedź na zaproszenie",
    ),
    "Proposal of another time": (
        "Vorschlag eines anderen Termins", "Propuesta de otra hora", "Proposition d’un autre horaire",
        "Proposta di un altro orario", "Forslag om et annet tidspunkt", "Propozycja innego terminu",
    ),
    "Proposal of another time declined": (
        "Vorschlag eines anderen Termins abgelehnt", "Propuesta de otra hora rechazada",
        "Proposition d’un autre horaire refusée", "Proposta di un altro orario rifiutata",
        "Forslag om et annet tidspunkt avslått", "Odrzucono propozycję innego terminu",
    ),
    "Question for the latest state": (
        "Frage nach dem neuesten Stand", "Pregunta por el último estado", "Demande de l’état le plus récent",
        "Richiesta dell’ultimo stato", "Spørsmål om siste status", "Pytanie o aktualny stan",
    ),
    "Accepted": ("Zugesagt", "Aceptado", "Accepté", "Accettato", "Godtatt", "Przyjęto"),
    "Declined": ("Abgesagt", "Rechazado", "Refusé", "Rifiutato", "Avslått", "Odmówiono"),
    "Accepted tentatively": (
        "Unter Vorbehalt zugesagt", "Aceptado provisionalmente", "Accepté provisoirement", "Accettato con riserva",
        "Foreløpig godtatt", "Przyjęto wstępnie",
    ),
    "Delegated": ("Weitergegeben", "Delegado", "Délégué", "Delegato", "Delegert", "Przekazano"),
    "(without a title)": ("(ohne Titel)", "(sin título)", "(sans titre)", "(senza titolo)", "(uten tittel)",
                          "(bez tytułu)"),
    "repeated": ("wiederholt sich", "se repite", "se répète", "si ripete", "gjentas", "powtarza się"),
    "S/MIME signature of this mail; it was not checked": (
        "S/MIME-Signatur dieser Mail; sie wurde nicht geprüft", "firma S/MIME de este correo; no se ha comprobado",
        "signature S/MIME de cet e-mail ; elle n’a pas été vérifiée",
        "firma S/MIME di questa e-mail; non è stata verificata",
        "S/MIME-signatur for denne e-posten; den er ikke kontrollert",
        "podpis S/MIME tej wiadomości; nie został sprawdzony",
    ),
    "PGP signature of this mail; it was not checked": (
        "PGP-Signatur dieser Mail; sie wurde nicht geprüft", "firma PGP de este correo; no se ha comprobado",
        "signature PGP de cet e-mail ; elle n’a pas été vérifiée",
        "firma PGP di questa e-mail; non è stata verificata",
        "PGP-signatur for denne e-posten; den er ikke kontrollert",
        "podpis PGP tej wiadomości; nie został sprawdzony",
    ),
    "the mail as signed with S/MIME; the signature was not checked": (
        "die mit S/MIME signierte Mail; die Signatur wurde nicht geprüft",
        "el correo firmado con S/MIME; la firma no se ha comprobado",
        "l’e-mail signé avec S/MIME ; la signature n’a pas été vérifiée",
        "l’e-mail firmata con S/MIME; la firma non è stata verificata",
        "e-posten slik den er signert med S/MIME; signaturen er ikke kontrollert",
        "wiadomość podpisana S/MIME; podpis nie został sprawdzony",
    ),
    "S/MIME encrypted mail; only its recipient's mail client can open it": (
        "mit S/MIME verschlüsselte Mail; nur das Mailprogramm des Empfängers kann sie öffnen",
        "correo cifrado con S/MIME; solo puede abrirlo el programa de correo de su destinatario",
        "e-mail chiffré avec S/MIME ; seule la messagerie de son destinataire peut l’ouvrir",
        "e-mail cifrata con S/MIME; può aprirla solo il programma di posta del destinatario",
        "e-post kryptert med S/MIME; bare mottakerens e-postprogram kan åpne den",
        "wiadomość zaszyfrowana S/MIME; otworzy ją tylko program pocztowy odbiorcy",
    ),
    "PGP encrypted mail; only its recipient's mail client can open it": (
        "mit PGP verschlüsselte Mail; nur das Mailprogramm des Empfängers kann sie öffnen",
        "correo cifrado con PGP; solo puede abrirlo el programa de correo de su destinatario",
        "e-mail chiffré avec PGP ; seule la messagerie de son destinataire peut l’ouvrir",
        "e-mail cifrata con PGP; può aprirla solo il programma di posta del destinatario",
        "e-post kryptert med PGP; bare mottakerens e-postprogram kan åpne den",
        "wiadomość zaszyfrowana PGP; otworzy ją tylko program pocztowy odbiorcy",
    ),
    "says that the file beside it is PGP encrypted": (
        "sagt, dass die Datei daneben mit PGP verschlüsselt ist", "dice que el archivo de al lado está cifrado con PGP",
        "dit que le fichier voisin est chiffré avec PGP", "dice che il file accanto è cifrato con PGP",
        "sier at filen ved siden av er kryptert med PGP", "mówi, że plik obok jest zaszyfrowany PGP",
    ),
    "Outlook's wrapping of 1 file, listed on its own too": (
        "Hülle von Outlook um 1 Datei, die auch einzeln dabei ist",
        "envoltorio de Outlook de 1 archivo, que también va aparte",
        "enveloppe d’Outlook autour d’un fichier, joint aussi à part",
        "involucro di Outlook di 1 file, allegato anche da solo",
        "Outlooks innpakning av 1 fil, som også ligger ved for seg",
        "opakowanie Outlooka z 1 plikiem, dołączonym też osobno",
    ),
}  # fmt: skip
# What begins a piece, `#` a number; what follows is the file's own
_BEGINNINGS: Final[dict[str, tuple[str, ...]]] = {
    "organised by ": ("eingeladen von ", "organiza ", "organisé par ", "organizzato da ", "arrangert av ",
                      "organizator: "),
    "answered by ": ("beantwortet von ", "responde ", "réponse de ", "risposta di ", "besvart av ", "odpowiada: "),
}  # fmt: skip
_COUNTED: Final[dict[re.Pattern[str], tuple[str, ...]]] = {
    re.compile(r"and (\d{1,9}) more"): (
        "und # weitere", "y # más", "et # de plus", "e altri #", "og # til", "i jeszcze #",
    ),
    re.compile(r"Outlook's wrapping of (\d{1,9}) files, listed on their own too"): (
        "Hülle von Outlook um # Dateien, die auch einzeln dabei sind",
        "envoltorio de Outlook de # archivos, que también van aparte",
        "enveloppe d’Outlook autour de # fichiers, joints aussi à part",
        "involucro di Outlook di # file, allegati anche da soli",
        "Outlooks innpakning av # filer, som også ligger ved hver for seg",
        "opakowanie Outlooka z plikami (#), dołączonymi też osobno",
    ),
}  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d)? to ")
_UNTIL = {"to before": ("bis vor", "hasta antes de", "jusqu’avant", "fino a prima di", "til før", "do, bez"),
          "to": ("bis", "a", "à", "fino a", "til", "do"),
          "end in": ("Ende in", "fin en", "fin en", "fine in", "slutt i", "koniec w")}  # fmt: skip


def tell_about(summary: str, language: str) -> str:
    """The summary of a file in that language; as it is in English, and in languages that have no words here."""
    short = language.partition("-")[0]
    if short not in _ORDER or not summary:
        return summary
    at = _ORDER.index(short)
    return _BETWEEN.join(_tell(piece, at) for piece in summary.split(_BETWEEN))


def _tell(piece: str, at: int) -> str:
    if piece in _PIECES:
        return _PIECES[piece][at]
    kind, colon, title = piece.partition(": ")
    if colon and kind in _PIECES:
        return f"{_PIECES[kind][at]}: {_PIECES[title][at] if title == '(without a title)' else title}"
    for beginning, words in _BEGINNINGS.items():
        if piece.startswith(beginning):
            return words[at] + piece.removeprefix(beginning)
    for pattern, words in _COUNTED.items():
        if (match := pattern.fullmatch(piece)) is not None:
            return words[at].replace("#", match[1])
    if _TIME.match(piece):
        before = " to before " if " to before " in piece else " to "
        piece = piece.replace(before, f" {_UNTIL[before.strip()][at]} ", 1)
        return piece.replace(", end in ", f", {_UNTIL['end in'][at]} ", 1)
    return piece
