"""Why an agent's words or files do not go out, and what an answer about held mail did. Dry: data only."""

from typing import Final

MAIL_SAYINGS: Final[dict[str, dict[str, str]]] = {
    "empty-answer": {
        "en": "there is no new text in your answer",
        "de": "in Ihrer Antwort steht kein neuer Text",
        "es": "en su respuesta no hay texto nuevo",
        "fr": "votre réponse ne contient aucun texte nouveau",
        "it": "nella Sua risposta non c’è testo nuovo",
        "no": "det er ingen ny tekst i svaret ditt",
        "pl": "w odpowiedzi nie ma nowego tekstu",
    },
    "no-recipient": {
        "en": "there is nobody the answer could be sent to",
        "de": "es gibt niemanden, an den die Antwort gehen könnte",
        "es": "no hay nadie a quien enviar la respuesta",
        "fr": "il n’y a personne à qui envoyer la réponse",
        "it": "non c’è nessuno a cui inviare la risposta",
        "no": "det er ingen som svaret kan sendes til",
        "pl": "nie ma nikogo, komu można wysłać odpowiedź",
    },
    "files-too-large": {
        "en": "the files come to {size} MB, and {limit} MB can go out with one mail",
        "de": "die Dateien sind zusammen {size} MB groß, und mit einer Mail können {limit} MB hinausgehen",
        "es": "los archivos suman {size} MB, y con un correo pueden salir {limit} MB",
        "fr": "les fichiers font {size} Mo, et un e-mail peut en emporter {limit}",
        "it": "i file sono in tutto {size} MB e con un’e-mail ne possono partire {limit}",
        "no": "filene er på {size} MB til sammen, og {limit} MB kan gå ut med én e-post",
        "pl": "pliki mają razem {size} MB, a z jedną wiadomością może wyjść {limit} MB",
    },
    "collision": {
        "en": "{who} answered the same mail of the customer at {at}",
        "de": "{who} hat dieselbe Mail des Kunden am {at} beantwortet",
        "es": "{who} respondió al mismo correo del cliente el {at}",
        "fr": "{who} a répondu au même e-mail du client le {at}",
        "it": "{who} ha risposto alla stessa e-mail del cliente il {at}",
        "no": "{who} svarte på den samme e-posten fra kunden {at}",
        "pl": "na tę samą wiadomość klienta odpowiedź wysłano już wcześniej: {who}, {at}",
    },
    "leak-address": {
        "en": "the text holds one of our own reply addresses, which only your department may know; the mail you "
        "answered is probably quoted in it: please remove the quote",
        "de": "im Text steht eine unserer Antwortadressen, die nur Ihre Abteilung kennen darf; wahrscheinlich ist die "
        "beantwortete Mail darin zitiert: bitte entfernen Sie das Zitat",
        "es": "el texto contiene una de nuestras direcciones de respuesta, que solo su departamento debe conocer; "
        "seguramente cita el correo que contestó: por favor, quite la cita",
        "fr": "le texte contient une de nos adresses de réponse, que seul votre service doit connaître ; il cite sans "
        "doute l’e-mail auquel vous répondez : merci de retirer la citation",
        "it": "il testo contiene uno dei nostri indirizzi di risposta, che solo il Suo reparto deve conoscere; "
        "probabilmente cita l’e-mail a cui ha risposto: tolga per favore la citazione",
        "no": "teksten inneholder en av våre svaradresser, som bare avdelingen din skal kjenne; e-posten du svarte på, "
        "er nok sitert i den: fjern sitatet",
        "pl": "w tekście jest jeden z naszych adresów do odpowiedzi, który może znać tylko dział; zapewne zawiera on "
        "cytat wiadomości, na którą jest odpowiedzią: prosimy usunąć cytat",
    },
    "leak-note": {
        "en": "the text repeats words of an internal note of this case",
        "de": "der Text wiederholt Worte aus einer internen Notiz dieses Vorgangs",
        "es": "el texto repite palabras de una nota interna de este caso",
        "fr": "le texte reprend des mots d’une note interne de ce dossier",
        "it": "il testo ripete parole di una nota interna di questa pratica",
        "no": "teksten gjentar ord fra et internt notat i denne saken",
        "pl": "tekst powtarza słowa z wewnętrznej notatki tego zgłoszenia",
    },
    "leak-ours": {
        "en": "the text repeats the mail that only your department got: please remove the quote",
        "de": "der Text wiederholt die Mail, die nur Ihre Abteilung bekam: bitte entfernen Sie das Zitat",
        "es": "el texto repite el correo que solo recibió su departamento: por favor, quite la cita",
        "fr": "le texte reprend l’e-mail que seul votre service a reçu : merci de retirer la citation",
        "it": "il testo ripete l’e-mail che ha ricevuto solo il Suo reparto: tolga per favore la citazione",
        "no": "teksten gjentar e-posten som bare avdelingen din fikk: fjern sitatet",
        "pl": "tekst powtarza wiadomość, którą dostał tylko dział: prosimy usunąć cytat",
    },
    "file-ours": {
        "en": "the attached {name} holds a mail that only your department may see: please send without it",
        "de": "die Anlage {name} enthält eine Mail, die nur Ihre Abteilung sehen darf: bitte senden Sie ohne sie",
        "es": "el adjunto {name} contiene un correo que solo su departamento puede ver: por favor, envíe sin él",
        "fr": "la pièce jointe {name} contient un e-mail réservé à votre service : merci d’envoyer sans elle",
        "it": "l’allegato {name} contiene un’e-mail che può vedere solo il Suo reparto: invii per favore senza",
        "no": "vedlegget {name} inneholder en e-post som bare avdelingen din får se: send uten det",
        "pl": "załącznik {name} zawiera wiadomość, którą może widzieć tylko dział: prosimy wysłać bez niego",
    },
    "file-note": {
        "en": "the attached {name} repeats words of an internal note of this case",
        "de": "die Anlage {name} wiederholt Worte aus einer internen Notiz dieses Vorgangs",
        "es": "el adjunto {name} repite palabras de una nota interna de este caso",
        "fr": "la pièce jointe {name} reprend des mots d’une note interne de ce dossier",
        "it": "l’allegato {name} ripete parole di una nota interna di questa pratica",
        "no": "vedlegget {name} gjentar ord fra et internt notat i denne saken",
        "pl": "załącznik {name} powtarza słowa z wewnętrznej notatki tego zgłoszenia",
    },
    "file-address": {
        "en": "the attached {name} holds an address of yours or a colleague’s: please send without it",
        "de": "in der Anlage {name} steht Ihre Adresse oder die von jemandem aus dem Haus: bitte senden Sie ohne sie",
        "es": "el adjunto {name} contiene una dirección suya o de un compañero: por favor, envíe sin él",
        "fr": "la pièce jointe {name} contient votre adresse ou celle d’un collègue : merci d’envoyer sans elle",
        "it": "l’allegato {name} contiene un indirizzo Suo o di un collega: invii per favore senza",
        "no": "vedlegget {name} inneholder adressen til deg eller en kollega: send uten det",
        "pl": "załącznik {name} zawiera adres osoby z firmy: prosimy wysłać bez niego",
    },
    # An agent begins a case
    "not-when-beginning": {
        "en": "not in a mail that begins a case",
        "de": "nicht in einer Mail, die einen Vorgang beginnt",
        "es": "no en un correo que abre un caso",
        "fr": "pas dans un e-mail qui ouvre un dossier",
        "it": "non in un’e-mail che apre una pratica",
        "no": "ikke i en e-post som begynner en sak",
        "pl": "nie w wiadomości, która zakłada zgłoszenie",
    },
    "for-whom": {
        "en": "whom is it for? Put the customer in To, or write `{verb} +jane@x.example` first",
        "de": "für wen ist sie? Tragen Sie den Kunden bei „An“ ein, oder schreiben Sie zuerst `{verb} +jane@x.example`",
        "es": "¿para quién es? Ponga al cliente en «Para» o escriba primero `{verb} +jane@x.example`",
        "fr": "pour qui est-ce ? Mettez le client dans « À », ou écrivez d’abord `{verb} +jane@x.example`",
        "it": "per chi è? Metta il cliente in «A» oppure scriva prima `{verb} +jane@x.example`",
        "no": "hvem er den til? Sett kunden i «Til», eller skriv `{verb} +jane@x.example` først",
        "pl": "do kogo ma trafić? Prosimy wpisać klienta w polu „Do” albo najpierw napisać `{verb} +jane@x.example`",
    },
    "no-text": {
        "en": "there is no text for the customer",
        "de": "es gibt keinen Text für den Kunden",
        "es": "no hay texto para el cliente",
        "fr": "il n’y a pas de texte pour le client",
        "it": "non c’è testo per il cliente",
        "no": "det er ingen tekst til kunden",
        "pl": "nie ma tekstu dla klienta",
    },
}  # fmt: skip
