"""The small words and the letters that tell languages apart, for texts where no model is needed. Dry: data only.

A word stands in one list only, and in none when it is a usual word of two of these languages ("die" is rare enough in
English, "in" and "was" are not). Besides the shipped languages there are those that would otherwise be taken for one of
them. A language is added by adding its list and its letters, and sentences of it to the tests.
"""

from typing import Final

WORDS: Final[dict[str, str]] = {
    "en": (
        "the and you your that this these those have with from what which who would could should please thanks "
        "thank not are were been they their there when how why because about our us can cannot still again since "
        "yesterday after before did does doesn don isn it its any but want need them then than now only same hello "
        "dear help wrong working received tried anything something nothing yes works work worked broken today "
        "tomorrow week month never always every everything where we my he she his has had being other more much "
        "very just back get got getting keep keeps see seen let know without however though through between while "
        "until already yet soon regards sincerely cheers morning afternoon orders delivery invoice attached "
        "attachment phone number cancel subscription refund missing late shipped arrived ordered locked slow "
        "charged twice shows like won wasn aren haven hasn didn couldn wouldn shouldn myself someone anyone reply "
        "answer issue issues solved fixed happened happens happening appears showing payment updated bought perfect "
        "request expired unsubscribe down"
    ),
    "de": (
        "der die das und ist sind nicht ich sie wir ihr ihre ihnen ein eine einen einem einer mit auf für von zu "
        "zum zur dem bei nach auch aber noch seit wurde wird werden habe haben hat kann können könnten könnte bitte "
        "danke vielen wie wenn oder über immer leider mein meine meinen meiner mich mir uns sich dass schon kein "
        "keine keinen diese dieser dieses gestern heute wäre guten freundlichen geehrte trotzdem wurden möchte nein "
        "nichts etwas gibt geht funktioniert gruß grüße viele herzlichen herzliche liebe lieber geehrter damen "
        "herren anbei anhang wo warum weshalb wann wer welche welcher welches unser unsere unseren unserem ihren "
        "ihrem ihres ihrer euch euer deine dein dich dir mehr sehr gerne gern jetzt dann doch nur wieder alles beim "
        "vom ins durch ohne gegen zwischen während weil damit sowie bereits woche wochen jahr uhr rechnung "
        "bestellung lieferung gerät drucker passwort zugang fehler fehlermeldung kundennummer bestellt erhalten "
        "bekommen bekomme gesendet geschickt zurück kündigen kaputt defekt druckt hilft geholfen warte warten "
        "dringend frage fragen antwort rückmeldung eilt selbe gleiche gleichen meines meinem im einmal vergessen "
        "richtig falsch stimmt würde würden müssen muss soll sollte lässt lassen melden öffnen größer straße "
        "schlüssel rückgabe passt abmelden termin"
    ),
    "es": (
        "el los las por para qué está están pero como más muy cuando porque también hola gracias favor usted "
        "ustedes puede pueden podrían podría tengo tiene hace ayer hoy todavía desde hasta nuestro nuestra este "
        "esta esto eso ese fue necesito quiero saludos buenos días recibido aún así otra otro donde dónde cómo yo "
        "ya después unos mucho había sido estoy sí muchas mil saludo cordial buenas tardes noches señor señora "
        "sigue funciona funcionando hay alguna algún novedad novedades cuenta contraseña factura pedido envío "
        "correo dirección pantalla impresora puedo podemos queremos quisiera hemos haber mis sus ella ellos aquí "
        "allí ahora siempre nunca nada algo mismo misma ningún ninguna semana pasada mañana año sobre mientras "
        "adjunto captura gustaría ayuda ayudar ayudado cancelar devolver cobrado veces llegado llega llegó cuándo "
        "quién cuál pedí compré compra pagado pago solicito esperando espero respuesta adelante poder aplicación "
        "olvidado perfecto"
    ),
    "fr": (
        "les une est et pas je nous vous votre notre mon mes pour avec dans sur par plus mais bonjour merci cette "
        "être été avons avez depuis toujours pouvez pourriez suis où très aussi sont fait comme encore cordialement "
        "plaît commande aux au leur ont ce ces elle sans deux quelques après pourquoi quand qu reçu jamais oui ils "
        "vos ça cela celui ceux dont donc alors même autre autres tout tous toute toutes beaucoup bonsoir madame "
        "monsieur bonne journée salutations voici voilà joint jointe pièce capture veuillez pourrais puis peux peut "
        "peuvent pourrait voudrais souhaite souhaitons aimerais faire avoir hier aujourd matin semaine mois ans "
        "jour jours fois rien personne quel quelle quels quelles combien chez compte facture livraison problème "
        "imprimante écran colis passe réponse numéro nouveau nouvelle nouvelles marche fonctionne aide aidé aider "
        "attente attends reçois envoyé envoyer résilier rembourser remboursement abonnement impossible côté lors "
        "lorsque avant pendant erreur mise parfait lien ouvre"
    ),
    "it": (
        "gli che è sono della dello delle degli dei nel nella alla più anche ho abbiamo avete mio mia questo questa "
        "quando perché grazie buongiorno vorrei potete potrebbe può sulla dal dalla ancora cosa ieri oggi sempre "
        "dopo stato stata vostra vostro cordiali saluti salve ricevuto tutto molto essere hanno ogni funziona di sì "
        "mille ciao buonasera gentile gentili spettabile dove chi quale quali quanto posso possiamo possono puoi "
        "riesco riusciamo devo dobbiamo voglio vogliamo hai siamo siete erano stati fatto nostro nostra nostri suo "
        "sua loro noi voi io lei lui qui qua lì così già mai niente nulla qualcosa qualche novità stesso stessa "
        "altro altra però oppure anzi quindi poiché mentre senza dall dell nell sull ordine fattura consegna "
        "stampante stampa schermo errore indirizzo settimana scorsa domani giorni mese anno allegato allegata aiuto "
        "aiutare aiutarmi servito prego attendo riscontro risposta rimborso annullare abbonamento pagato pagamento "
        "spedito spedizione arriva arrivato comprato comprate disdire aspetto anticipo funzionano perfetto risponde "
        "apre vostri"
    ),
    "no": (
        "og det ikke jeg på til som med har av kan være var dere hva hvordan hvorfor hvor når fra eller mitt skal "
        "ble blir takk hei siden etter også noe noen å fått må denne dette oss meg deg hilsen vennlig gjerne hjelp "
        "hjelpe igjen fortsatt før nå så men nei tusen mange hjelpen kveld mvh virker fungerer nytt nyheter "
        "ingenting alltid aldri bare veldig mye mer ennå enda hadde vært gjør gjøre gjort vil skulle kunne kunnet "
        "får vår våre vårt deres hun henne hvem hvilken hvilke ved uten mellom siste forrige uke uken dager måned "
        "år går morges kontoen passordet passord fakturaen bestilling bestillingen skriver skriveren skjerm "
        "skjermen feil feilmelding nettsiden pakken levering kjøpte kjøpt bestilte betalt venter svar svarer "
        "vedlagt vennligst avslutt abonnementet prøvd prøvde hjalp ønsker trenger endrer endre samme annen annet "
        "andre ingen begge selv eg ikkje berre kva korleis frå kjem nokon mykje sendte sendt kom starter hele tiden "
        "kontoret problemet forespørsel lenken glemt"
    ),
    "pl": (
        "nie jest się na w z że jak ale czy proszę dziękuję mam może mogą mogę mój moja moje państwo państwa pani "
        "dzień dobry od przez za już jeszcze przy tylko dla oraz był była było są tego który która które kiedy "
        "gdzie bardzo wciąż nadal mnie nas wczoraj dzisiaj pozdrawiam zamówienie witam będę nic coś ktoś dzięki "
        "wielkie serdecznie działa działają wieści nowego jakieś jakiś jakie jaki nowe pan panu panie pana szanowni "
        "mu tym tej tych pod przed między również też lub albo więc gdy jeśli żeby aby ponieważ chcę chciałbym "
        "chciałabym potrzebuję można trzeba musi muszę nasz nasza nasze naszym mojej mojego moim rano jutro tydzień "
        "tygodniu miesiąc roku lat dni faktury hasło hasła paczka paczki dostawa drukarka drukarki ekran strona "
        "błąd błędna błędu numer zrzut ekranu załączniku załączeniu pomoc pomocy pomogło pomóc odpowiedź odpowiedzi "
        "zwrot zwrócić anulowanie anulować rezygnuję otrzymałem otrzymałam dostałem zamówiłem zamówiłam ciągle "
        "znowu dwa razy sama samo problemu zalogować kupione zmienić aplikacja zgłoszenie dziękujemy"
    ),
}
# Not shipped: what is written in these is not in the shipped language that looks like it
NEIGHBOURS: Final[dict[str, str]] = {
    "nl": (
        "het een niet ik jij jullie wij zijn heb hebben heeft wordt worden naar voor maar nog steeds graag bedankt "
        "alvast vriendelijke groeten geen wel deze kunt kunnen mijn onze ons bij aan ook waar wanneer hoe "
        "goedemorgen goedemiddag vorige bestelling ontvangen"
    ),
    "sv": (
        "och hej jag inte är att för vad varför hur från också någon något tack hälsningar vänliga fortfarande "
        "fungerar beställning fick ännu när snälla våra undrar detta"
    ),
    "da": "af hvad dig jer nogen noget blev meget uden venlig efter bliver været ikk skærm",
    "pt": (
        "não você vocês uma ao à minha seu obrigado obrigada são também já até ontem hoje muito bom boa tarde olá "
        "ainda porquê quero preciso recebi encomenda fatura senha"
    ),
    "fi": (
        "ole että minun minä mutta kiitos terveisin voitteko voisitteko eilen vielä tämä sitä teidän meidän kanssa "
        "jo nyt olen saanut toimi paljon"
    ),
    "cs": "že jsem není dobrý děkuji prosím můj můžete máme ještě včera když nebo při jsou byl",
    "hu": "és nem hogy egy köszönöm kérem tegnap még már vagy csak üdvözlettel szeretném",
    "ro": "și că pentru mulțumesc bună ziua sunt din vă mă",
    "tr": "ve bir bu için değil çok merhaba teşekkürler ama dün hala nasıl neden yok lütfen",
}
LANGUAGE_OF: Final[dict[str, str]] = {
    word: language for words in (NEIGHBOURS, WORDS) for language, text in words.items() for word in text.split()
}

# The letters beyond a-z of a language's own words
LETTERS: Final[dict[str, str]] = {
    "en": "éè",
    "de": "äöüßéà",
    "es": "áéíñóúü",
    "fr": "àâæçéèêëîïôœùûüÿ",
    "it": "àèéìîòóù",
    "no": "æøåéèêóòôäö",
    "pl": "ąćęłńóśźż",
    "nl": "éëïóöüè",
    "sv": "åäöé",
    "da": "æøåé",
    "pt": "áâãàçéêíóôõúü",
    "fi": "äöå",
    "cs": "áčďéěíňóřšťúůýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "tr": "çğıöşüâîû",
}
# A letter that is a sign of one language where it stands in a word that no list has
SIGN_OF: Final[dict[str, str]] = {
    **dict.fromkeys("ßü", "de"),
    "ñ": "es",
    **dict.fromkeys("çêôœîûë", "fr"),
    **dict.fromkeys("òì", "it"),
    **dict.fromkeys("øå", "no"),
    **dict.fromkeys("ąćęłńśźż", "pl"),
    **dict.fromkeys("ãõ", "pt"),
    **dict.fromkeys("čďěňřšťůž", "cs"),
    **dict.fromkeys("őű", "hu"),
    **dict.fromkeys("ășț", "ro"),
    **dict.fromkeys("ğış", "tr"),
}
