"""The small words that tell the shipped languages apart, for texts where no model is needed. Dry: data only.

A word stands in one list only, and in none when it is a usual word of two of these languages ("die" is rare enough in
English, "in" and "was" are not). A language is added by adding its list, and sentences of it to the test.
"""

from typing import Final

WORDS: Final[dict[str, str]] = {
    "en": (
        "the and you your that this these those have with from what which who would could should please thanks thank "
        "not are were been they their there when how why because about our us can cannot still again since yesterday "
        "after before did does doesn don isn it its any but want need them then than now only same hello dear help "
        "wrong working received tried anything something nothing"
    ),
    "de": (
        "der die das und ist sind nicht ich sie wir ihr ihre ihnen ein eine einen einem einer mit auf für von zu zum "
        "zur dem bei nach auch aber noch seit wurde wird werden habe haben hat kann können könnten könnte bitte danke "
        "vielen wie wenn oder über immer leider mein meine meinen meiner mich mir uns sich dass schon kein keine "
        "keinen diese dieser dieses gestern heute wäre guten freundlichen geehrte trotzdem wurden möchte"
    ),
    "es": (
        "el los las por para qué está están pero como más muy cuando porque también hola gracias favor usted ustedes "
        "puede pueden podrían podría tengo tiene hace ayer hoy todavía desde hasta nuestro nuestra este esta esto eso "
        "ese fue necesito quiero saludos buenos días recibido aún así otra otro donde dónde cómo yo ya después unos "
        "mucho había sido estoy"
    ),
    "fr": (
        "les une est et pas je nous vous votre notre mon mes pour avec dans sur par plus mais bonjour merci cette "
        "être été avons avez depuis toujours pouvez pourriez suis où très aussi sont fait comme encore cordialement "
        "plaît commande aux au leur ont ce ces elle sans deux quelques après pourquoi quand qu reçu jamais"
    ),
    "it": (
        "gli che è sono della dello delle degli dei nel nella alla più anche ho abbiamo avete mio mia questo questa "
        "quando perché grazie buongiorno vorrei potete potrebbe può sulla dal dalla ancora cosa ieri oggi sempre dopo "
        "stato stata vostra vostro cordiali saluti salve ricevuto tutto molto essere hanno ogni funziona"
    ),
    "no": (
        "og det ikke jeg på til som med har av kan være var dere hva hvordan hvorfor hvor når fra eller mitt skal ble "
        "blir takk hei siden etter også noe noen å fått må denne dette oss meg deg hilsen vennlig gjerne hjelp hjelpe "
        "igjen fortsatt før nå så"
    ),
    "pl": (
        "nie jest się na w z że jak ale czy proszę dziękuję mam może mogą mogę mój moja moje państwo państwa pani "
        "dzień dobry od przez za już jeszcze przy tylko dla oraz był była było są tego który która które kiedy gdzie "
        "bardzo wciąż nadal mnie nas wczoraj dzisiaj pozdrawiam zamówienie witam będę"
    ),
}
LANGUAGE_OF: Final[dict[str, str]] = {word: language for language, text in WORDS.items() for word in text.split()}
