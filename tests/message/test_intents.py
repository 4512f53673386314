"""Tests that a few clear words are understood in seven languages, and that anything more is left to a person."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.intents import find_intent
from mailproc.records.mail import Intent

YES: dict[Intent, tuple[str, ...]] = {
    Intent.THANKS: (
        "Thanks!",
        "Thank you so much!",
        "Thanks Eva",
        "Hi Tom,\n\nthank you very much for your quick help!\n\nBest regards\nJane Doe",
        "Great, thanks a lot for the fast reply :-)",
        "Many thanks\n\nJane Doe\nAcme Inc.\nTel. +49 30 123456\nwww.acme.example",
        "Perfect! Thank you. Have a nice weekend 🙂",
        "Thanks for the update.\n\nSent from my iPhone",
        "Thx",
        "Danke!",
        "Super, vielen Dank für die schnelle Hilfe. LG Eva",
        "Hallo Herr Müller,\n\nherzlichen Dank!\n\nMit freundlichen Grüßen\nJörg Schmidt",
        "Alles klar, danke. Schönes Wochenende!",
        "Besten Dank für Ihre rasche Antwort\n\nlg eva",
        "Danke euch 👍",
        "Muchas gracias, un saludo",
        "¡Perfecto, muchísimas gracias por su ayuda!",
        "Buenos días:\n\nMuchas gracias por la rápida respuesta.\n\nSaludos cordiales,\nMaría López",
        "Merci beaucoup",
        "Bonjour,\n\nMerci pour votre réponse rapide.\n\nCordialement,\nFrançois Lefèvre",
        "Parfait, merci ! Bonne journée",
        "Grazie mille",
        "Gentile assistenza, grazie per il vostro aiuto. Cordiali saluti, Maria Rossi",
        "Ottimo, vi ringrazio. Buona giornata",
        "Tusen takk for hjelpen",
        "Hei! Supert, takk for raskt svar 😀\nMvh\nOla Nordmann",
        "Takk skal du ha. Ha en fin dag",
        "Dzięki wielkie",
        "Dzień dobry,\nbardzo dziękuję za szybką pomoc.\nPozdrawiam\nŁukasz Żak",
        "Super, dziękuję i miłego dnia",
        "THANK YOU!!!",
        "Thank you, Jane",
        "Thanks again",
    ),
    Intent.WORKS: (
        "It works now",
        "Thanks, it works now!",
        "Everything is working again. Thank you!",
        "The printer works again",
        "Problem solved, thanks",
        "The issue has been resolved.",
        "That fixed it. Cheers, Tom",
        "Working fine now",
        "Es funktioniert jetzt",
        "Jetzt geht es wieder, danke",
        "Hallo, der Drucker funktioniert wieder. Vielen Dank! LG Eva",
        "Das Problem ist gelöst.",
        "Super, hat geklappt!",
        "Hat sich erledigt",
        "Ya funciona",
        "Ahora funciona todo, muchas gracias",
        "El problema está resuelto. Saludos, Ana",
        "Ça marche maintenant",
        "Merci, tout fonctionne à nouveau",
        "Le problème est résolu. Cordialement",
        "Ora funziona",
        "Grazie, adesso funziona tutto",
        "Il problema è risolto",
        "Det virker nå",
        "Supert, nå fungerer det. Tusen takk!",
        "Problemet er løst",
        "Już działa",
        "Dziękuję, wszystko działa",
        "Problem został rozwiązany. Pozdrawiam",
    ),
    Intent.STILL_BROKEN: (
        "Still broken",
        "It still does not work",
        "Hi, it still doesn't work. Regards, Jane",
        "Sorry, still the same problem",
        "The printer is still not working",
        "The problem persists.",
        "That didn't help",
        "The same problem is back",
        "Geht immer noch nicht",
        "Es funktioniert leider immer noch nicht.\nGruß Eva",
        "Leider weiterhin das gleiche Problem",
        "Das Problem besteht weiterhin",
        "Hat leider nicht geholfen",
        "Der Drucker ist immer noch defekt",
        "Sigue sin funcionar",
        "Todavía no funciona, gracias",
        "El problema persiste",
        "Ça ne marche toujours pas",
        "Bonjour, malheureusement le problème persiste.",
        "Cela n'a rien changé",
        "Ancora non funziona",
        "Il problema persiste",
        "Purtroppo non ha funzionato",
        "Virker fortsatt ikke",
        "Det fungerer fremdeles ikke",
        "Dessverre, det hjalp ikke",
        "Nadal nie działa",
        "Niestety wciąż ten sam problem",
        "To nie pomogło",
    ),
    Intent.STATUS: (
        "Any news?",
        "Hi, is there any update on this? Thanks",
        "Status?",
        "What is the status of my ticket?",
        "Any update on my order? Regards, Tom",
        "Hello team,\n\nany news yet?\n\nBest,\nJane",
        "When can I expect a reply?",
        "Gibt es etwas Neues?",
        "Hallo, gibt es schon Neuigkeiten? LG Eva",
        "Wie ist der aktuelle Stand?",
        "Was ist der Stand der Dinge?",
        "Bitte um einen kurzen Status",
        "¿Hay alguna novedad?",
        "Buenos días, ¿tienen novedades sobre mi pedido? Gracias",
        "¿Cuál es el estado de mi pedido?",
        "Y a-t-il du nouveau ?",
        "Bonjour, avez-vous des nouvelles ? Merci, Paul",
        "Où en est ma commande ?",
        "Ci sono novità?",
        "Salve, avete aggiornamenti sul mio ordine? Grazie",
        "A che punto siamo?",
        "Noe nytt?",
        "Hei, er det noe nytt i saken? Mvh Ola",
        "Hva er status?",
        "Czy są jakieś wieści?",
        "Jaki jest status zamówienia?",
        "Dzień dobry, czy wiadomo już coś w mojej sprawie? Pozdrawiam",
    ),
    Intent.UNSUBSCRIBE: (
        "unsubscribe",
        "UNSUBSCRIBE",
        "Please unsubscribe me from this list.",
        "Hi, please remove me from your mailing list. Thanks",
        "Can you unsubscribe me?",
        "Stop sending me emails!",
        "opt out",
        "Bitte abmelden",
        "Newsletter abbestellen",
        "Bitte nehmen Sie mich aus dem Verteiler. Danke",
        "Ich möchte mich vom Newsletter abmelden",
        "Bitte keine weiteren Newsletter",
        "abmelden",
        "Darme de baja",
        "Por favor, darme de baja de la lista",
        "No quiero recibir más correos",
        "désabonnement",
        "Merci de me désabonner",
        "Bonjour, veuillez me désinscrire de la newsletter. Merci",
        "Disiscrivetemi",
        "Vorrei cancellarmi dalla newsletter",
        "Per favore rimuovetemi dalla lista",
        "Meld meg av",
        "Vennligst fjern meg fra listen",
        "Avmelding nyhetsbrev",
        "Wypisz mnie",
        "Proszę o wypisanie z newslettera",
        "Proszę wypisać mnie z listy mailingowej",
    ),
}

NO: dict[Intent, tuple[str, ...]] = {
    Intent.THANKS: (
        "Thanks, but it still does not work",
        "Thanks in advance",
        "Thank you. When will it arrive?",
        "Thanks! One more question: can I print in colour?",
        "Thanks for nothing",
        "No thanks",
        "Thanks, I will try that tomorrow and let you know.",
        "Thank you for your mail. I am out of the office.",
        "Thanks. Please send the invoice too.",
        "Thank you?",
        "Thanks\n\nPS: the scanner is broken too",
        "Best regards\nJane\nthe scanner is broken too\nThanks",
        "Thanks, order 4711 arrived, 4712 did not",
        "Danke, aber es geht nicht",
        "Danke. Leider druckt er nicht.",
        "Vielen Dank im Voraus",
        "Danke, können Sie mich bitte anrufen?",
        "Danke für gar nichts",
        "Gracias, pero no funciona",
        "Gracias de antemano",
        "Muchas gracias. ¿Cuándo llega?",
        "Merci mais ça ne marche pas",
        "Merci d'avance",
        "Merci de me rappeler",
        "Merci, pouvez-vous m'envoyer la facture ?",
        "Grazie ma non funziona",
        "Grazie in anticipo",
        "Takk, men det virker ikke",
        "På forhånd takk",
        "Dzięki, ale nadal nie działa",
        "Z góry dziękuję",
        "Dziękuję, proszę jeszcze o fakturę",
        "Best regards\nJane",
        "Hello",
        "Great!",
        "ok",
        "👍",
        "Thank God it is Friday",
        "Cheers",
        "Danke. Rechnung 4711",
        "Ça marche",
    ),
    Intent.WORKS: (
        "It works now, but the colours are wrong",
        "It works now?",
        "Does it work now?",
        "It worked until yesterday",
        "It never works",
        "It works now on my laptop but not on the phone",
        "The first page works now",
        "Only the printer works again",
        "Nothing works",
        "It works sometimes",
        "Works for now, what was it?",
        "It almost works now",
        "Es funktioniert jetzt nicht",
        "Funktioniert es jetzt?",
        "Es funktioniert jetzt, aber nur langsam",
        "Jetzt geht gar nichts mehr",
        "Wann geht es wieder?",
        "Ya no funciona",
        "Ahora funciona pero muy lento",
        "Ça ne marche plus maintenant",
        "Ça marche mais lentement",
        "Ora non funziona più",
        "Funziona solo in parte",
        "Det virker nå, men sakte",
        "Det virker ikke nå",
        "Już nie działa",
        "Działa, ale wolno",
        "Problem solved? No.",
    ),
    Intent.STILL_BROKEN: (
        "It still does not work, now I get error 42 when I print",
        "It does not work",
        "It is broken",
        "It still works",
        "What is still broken?",
        "I still have a question",
        "Still waiting for the parcel",
        "If it still does not work I will call",
        "The old one still does not work",
        "It would still be nice to have",
        "My order is still not complete, please check 4711",
        "Es geht immer noch",
        "Wenn es immer noch nicht geht, melde ich mich",
        "Ich warte immer noch auf das Paket",
        "Geht nicht",
        "Geht wieder nicht",
        "Not still broken",
        "Immer noch zufrieden",
        "Sigue funcionando",
        "No funciona",
        "Todavía no he recibido el pedido",
        "Ça marche toujours",
        "Je n'ai toujours pas reçu ma commande",
        "Funziona ancora",
        "Non ho ancora ricevuto il pacco",
        "Det virker fortsatt",
        "Jeg har fortsatt ikke fått pakken",
        "Nadal działa",
        "Nadal nie dostałem paczki",
        "Already broken again since Monday",
    ),
    Intent.STATUS: (
        "The status page shows an error",
        "Any news about the new model?",
        "What is the status code of this error?",
        "Please update my address",
        "Any update breaks the driver",
        "Status: delivered",
        "Is there any discount?",
        "No news",
        "Any news? If not I want my money back.",
        "Is there anything else?",
        "When will you be open?",
        "My marital status has changed",
        "Gibt es eine neue Version?",
        "Gibt es das auch in Blau?",
        "Der Stand der Anzeige ist falsch",
        "Wie ist der Preis?",
        "Gibt es etwas Neues von Acme zu kaufen?",
        "¿Hay alguna tienda?",
        "El estado de la pantalla es malo",
        "Y a-t-il du papier ?",
        "Avez-vous des cartouches ?",
        "Ci sono sconti?",
        "Lo stato della stampante è errato",
        "Er det noe galt?",
        "Har dere noe på lager?",
        "Czy są jakieś rabaty?",
        "Jaki jest adres?",
        "I have a new printer",
    ),
    Intent.UNSUBSCRIBE: (
        "How do I unsubscribe?",
        "The unsubscribe link does not work",
        "I did not unsubscribe",
        "I unsubscribed last week and still get mails",
        "Please do not unsubscribe me",
        "I can't unsubscribe",
        "Please cancel my subscription",
        "Remove the old printer from my account",
        "Please remove me from the list of admins",
        "Stop sending me invoices by post",
        "Why was I unsubscribed?",
        "Ich kann mich nicht abmelden",
        "Wie kann ich mich abmelden?",
        "Abmelden geht nicht",
        "Bitte melden Sie sich",
        "Bitte nehmen Sie mich in den Verteiler auf",
        "Bitte nicht abmelden",
        "Ich möchte mein Abo kündigen",
        "¿Cómo me doy de baja?",
        "Quiero darme de alta",
        "Me dieron de baja en la empresa",
        "Comment me désabonner ?",
        "Le lien de désabonnement ne marche pas",
        "Come posso disiscrivermi?",
        "Hvordan melder jeg meg av?",
        "Meld meg på",
        "Jak się wypisać?",
        "Proszę o wypisanie faktury",
        "Please subscribe me",
    ),
}
POSITIVES = [(intent, text) for intent, texts in YES.items() for text in texts]
NEGATIVES = [(intent, text) for intent, texts in NO.items() for text in texts]


@pytest.mark.parametrize(("intent", "text"), POSITIVES)
@pytest.mark.parametrize("language", ["", "en", "pl"])
def test_clear_words_are_understood_whatever_the_language_is_said_to_be(
    intent: Intent, text: str, language: str
) -> None:
    assert find_intent("Re: [ACME-482-170] Printer", text, language) is intent


@pytest.mark.parametrize(("intent", "text"), NEGATIVES)
def test_near_misses_are_left_to_a_person(intent: Intent, text: str) -> None:
    assert find_intent("Re: Printer", text, "") is not intent


def test_the_tables_are_long_enough() -> None:
    for intent in Intent:
        if intent:
            assert len(set(YES[intent])) >= 25 and len(set(NO[intent])) >= 25


@pytest.mark.parametrize(
    ("subject", "text", "intent"),
    [
        ("Thanks!", "", Intent.THANKS),
        ("unsubscribe", "", Intent.UNSUBSCRIBE),
        ("Re: unsubscribe", "", Intent.NONE),
        ("Status?", "\n", Intent.STATUS),
        ("", "Thanks!", Intent.THANKS),
        ("Thank you", "Thanks!", Intent.THANKS),
        ("AW: Drucker", "Danke!", Intent.THANKS),
        ("Printer [ACME-482-170]", "Thanks!", Intent.THANKS),
        ("Re:", "Thanks!", Intent.THANKS),
        ("Please order toner for room 4", "Thanks!", Intent.NONE),
        ("Printer", "Still broken", Intent.STILL_BROKEN),
        ("", "", Intent.NONE),
    ],
)
def test_a_subject_that_somebody_thought_of_is_a_part_of_it(subject: str, text: str, intent: Intent) -> None:
    assert find_intent(subject, text, "en") is intent


def test_a_long_text_is_none_at_once() -> None:
    assert find_intent("Re: x", "Thanks! " * 60, "en") is Intent.NONE
    assert find_intent("Re: x", "Thanks!\n" * 20, "en") is Intent.NONE
    assert find_intent("Re: x", "Thanks!\n-- \n" + "The signature of a firm goes on. " * 8, "en") is Intent.THANKS


def test_a_sentence_below_a_closing_is_no_signature() -> None:
    assert find_intent("Re: x", "Thanks!\nRegards\nJane Doe\nHead of IT, Acme\n+49 30 12345", "") is Intent.THANKS
    assert find_intent("Re: x", "Thanks!\nRegards\nJane\nthe scanner is broken as well", "") is Intent.NONE
    assert find_intent("Re: x", "Thanks!\nRegards\nJane\nPS: Scanner", "") is Intent.NONE


CARD = "\n\nJane Doe\nSales Manager, Customer Ltd.\n\n+44 20 1234 5678\nwww.customer.example"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        (f"It works now.{CARD}", Intent.WORKS),  # Outlook puts its signature below what a button of ours wrote
        (f"Nadal nie działa.{CARD}", Intent.STILL_BROKEN),
        (f"Any news?{CARD}", Intent.STATUS),
        ("It works now.\n\nJürgen Groß\nTel.: +49 30 123456", Intent.WORKS),
        ("It works now.\n\nThe Scanner\nis broken: call +44 20 1234 5678", Intent.NONE),
        ("It works now.\n\nScanner Broken", Intent.NONE),
        ("It works now.\n\nScanner\nRoom 4\nWhen?\nwww.customer.example", Intent.NONE),
        ("It works now.\n\nhttps://customer.example/still-broken", Intent.NONE),
        (f"It works now, but the scanner does not.{CARD}", Intent.NONE),
        (CARD, Intent.NONE),
    ],
)
def test_a_business_card_that_nothing_announces_says_nothing(text: str, intent: Intent) -> None:
    assert find_intent("Re: [ACME-482-170] Printer", text, "") is intent


PIECES = st.sampled_from([text for _, text in (*POSITIVES, *NEGATIVES)]) | st.text(max_size=40)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.lists(PIECES, max_size=5), st.sampled_from(["", "en", "de", "xx"]))
def test_every_text_gets_an_answer(subject: str, pieces: list[str], language: str) -> None:
    assert find_intent(subject, "\n".join(pieces), language) in Intent


@pytest.mark.parametrize("unit", ["thanks ", "the a ", "vielen ", "no ", "i ", "\n", ".", "- ", "(", "😀", "A ", ":)"])
def test_t58_no_text_takes_long(unit: str) -> None:
    for length in (299, 599, 1_000_000):
        started = time.process_time()
        find_intent(unit * (length // len(unit)), unit * (length // len(unit)), "")
        assert time.process_time() - started < 1
