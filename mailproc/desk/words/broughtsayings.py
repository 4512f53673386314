"""What may be wrong with a mail that brings in somebody else's words: forwards, calls written down. Dry: data only."""

from typing import Final

BROUGHT_SAYINGS: Final[dict[str, dict[str, str]]] = {
    "no-person": {
        "en": "there is nobody in it who could be written to; write it like `{example}`",
        "de": "darin steht niemand, dem man schreiben könnte; schreiben Sie es bitte wie `{example}`",
        "es": "no hay nadie a quien se pueda escribir; escríbalo como `{example}`",
        "fr": "il n’y a personne à qui écrire ; écrivez-le comme `{example}`",
        "it": "non c’è nessuno a cui scrivere; lo scriva come `{example}`",
        "no": "det står ingen der som man kan skrive til; skriv det som `{example}`",
        "pl": "nie ma tu nikogo, do kogo można napisać; prosimy zapisać to jak `{example}`",
    },
    "two-people": {
        "en": "a case has one requester; add others with `#cc`",
        "de": "ein Vorgang hat einen Anfragenden; weitere nehmen Sie mit `#cc` hinzu",
        "es": "un caso tiene un solo solicitante; añada a los demás con `#cc`",
        "fr": "un dossier a un seul demandeur ; ajoutez les autres avec `#cc`",
        "it": "una pratica ha un solo richiedente; aggiunga gli altri con `#cc`",
        "no": "en sak har én som spør; legg til andre med `#cc`",
        "pl": "zgłoszenie ma jednego zgłaszającego; pozostałych można dodać przez `#cc`",
    },
    "no-channel": {
        "en": "this channel we do not know; there are {known}",
        "de": "diesen Kanal kennen wir nicht; es gibt {known}",
        "es": "no conocemos este canal; hay {known}",
        "fr": "nous ne connaissons pas ce canal ; il y a {known}",
        "it": "non conosciamo questo canale; ci sono {known}",
        "no": "denne kanalen kjenner vi ikke; det finnes {known}",
        "pl": "nie znamy tego kanału; są {known}",
    },
    "who-was-it": {
        "en": "who was it? Write `{example}` above it, and send it once more",
        "de": "wer war es? Schreiben Sie bitte `{example}` darüber und senden Sie die Mail noch einmal",
        "es": "¿quién fue? Escriba `{example}` encima y envíelo de nuevo",
        "fr": "qui était-ce ? Écrivez `{example}` au-dessus et renvoyez l’e-mail",
        "it": "chi era? Scriva `{example}` sopra e invii di nuovo l’e-mail",
        "no": "hvem var det? Skriv `{example}` over, og send e-posten en gang til",
        "pl": "kto to był? Prosimy napisać `{example}` na początku i wysłać wiadomość jeszcze raz",
    },
    "no-author": {
        "en": "the forwarded mail does not say its writer’s address. Write `{example}` above it, or `#from me` if it "
        "is a request of your own, and send it once more",
        "de": "in der weitergeleiteten Mail steht keine Adresse ihres Verfassers. Schreiben Sie bitte `{example}` "
        "darüber, oder `#von mir`, wenn es Ihr eigenes Anliegen ist, und senden Sie die Mail noch einmal",
        "es": "el correo reenviado no dice la dirección de su autor. Escriba `{example}` encima, o `#from mí` si la "
        "consulta es suya, y envíelo de nuevo",
        "fr": "l’e-mail transféré ne donne pas l’adresse de son auteur. Écrivez `{example}` au-dessus, ou `#from moi` "
        "si la demande est la vôtre, et renvoyez-le",
        "it": "l’e-mail inoltrata non dice l’indirizzo di chi l’ha scritta. Scriva `{example}` sopra, o `#from me` se "
        "la richiesta è Sua, e la invii di nuovo",
        "no": "den videresendte e-posten sier ikke adressen til den som skrev den. Skriv `{example}` over, eller "
        "`#fra meg` hvis det er din egen henvendelse, og send den en gang til",
        "pl": "przekazana wiadomość nie zawiera adresu nadawcy. Prosimy napisać `{example}` na początku albo "
        "`#od mnie`, jeśli to własna sprawa, i wysłać ją jeszcze raz",
    },
    "several-authors": {
        "en": "the forwarded mails are from {count} people; please forward them one at a time",
        "de": "die weitergeleiteten Mails sind von {count} Personen; bitte leiten Sie sie einzeln weiter",
        "es": "los correos reenviados son de {count} personas; reenvíelos de uno en uno, por favor",
        "fr": "les e-mails transférés viennent de {count} personnes ; merci de les transférer un par un",
        "it": "le e-mail inoltrate sono di {count} persone; per favore le inoltri una alla volta",
        "no": "de videresendte e-postene er fra {count} personer; videresend dem én om gangen",
        "pl": "przekazane wiadomości są od {count} osób; prosimy przekazywać je pojedynczo",
    },
    "not-when-bringing": {
        "en": "not in a mail that brings in somebody else’s words",
        "de": "nicht in einer Mail, die Worte eines anderen bringt",
        "es": "no en un correo que trae las palabras de otra persona",
        "fr": "pas dans un e-mail qui apporte les mots de quelqu’un d’autre",
        "it": "non in un’e-mail che porta le parole di un altro",
        "no": "ikke i en e-post som kommer med en annens ord",
        "pl": "nie w wiadomości, która przynosi cudze słowa",
    },
    "only-when-bringing": {
        "en": "only in a mail that you forward, or in which you write down a call",
        "de": "nur in einer Mail, die Sie weiterleiten, oder in der Sie einen Anruf festhalten",
        "es": "solo en un correo que reenvía o en el que anota una llamada",
        "fr": "seulement dans un e-mail que vous transférez, ou qui note un appel",
        "it": "solo in un’e-mail che inoltra o in cui annota una telefonata",
        "no": "bare i en e-post du videresender, eller der du skriver ned en samtale",
        "pl": "tylko w wiadomości przekazywanej dalej albo z notatką z rozmowy",
    },
    "nothing-said": {
        "en": "what was said? There is no text below the commands",
        "de": "was wurde gesagt? Unter den Befehlen steht kein Text",
        "es": "¿qué se dijo? No hay texto debajo de los comandos",
        "fr": "qu’a-t-on dit ? Il n’y a pas de texte sous les commandes",
        "it": "che cosa è stato detto? Non c’è testo sotto i comandi",
        "no": "hva ble sagt? Det er ingen tekst under kommandoene",
        "pl": "co powiedziano? Pod poleceniami nie ma tekstu",
    },
    "not-your-department": {
        "en": "you do not belong to the department “{department}”, where this goes",
        "de": "Sie gehören nicht zur Abteilung „{department}“, an die dies geht",
        "es": "usted no pertenece al departamento «{department}», adonde va esto",
        "fr": "vous ne faites pas partie du service « {department} », où ceci arrive",
        "it": "Lei non fa parte del reparto «{department}», a cui questo arriva",
        "no": "du hører ikke til avdelingen «{department}», som dette går til",
        "pl": "do działu „{department}”, do którego to trafia, Pan/Pani nie należy",
    },
}
