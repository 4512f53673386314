"""The sentences by which requesters say thanks, that it works, that it does not, ask for news or want no more mail.

Dry: data only. Each value is a pattern for one whole sentence in lower case without punctuation, blanks single. What
is not listed is no such sentence: a sentence more is missed at worst, a sentence too many closes somebody's case. NOUN
stands for one or two words that name a thing. English, German, Norwegian; the others are in `intentwordsmore.py`. A
language is added by adding its block and rows to the test.
"""

from typing import Final

from mailproc.message.intentwordsmore import MORE_SENTENCES

# Words that make a part of it: "the first page works" is no "it works"
NOUN: Final = (
    "(?!(?:only|first|second|other|old|half|one|some|trial|test|workaround|nur|erste|zweite|andere|alte|halbe|"
    "solo|primer[ao]?|otr[ao]|première?|seul|autre|primo|prima|altr[ao]|første|andre|gamle|bare|tylko|"
    r"pierwsz[ya]|drug[ia])\b)\w+(?: \w+)?"
)

SENTENCES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "greeting": (
            "(?:hi|hello|hey|dear)(?: (?:all|team|everyone|everybody|guys|support|support team|there|(?:mr|mrs|ms|"
            r"dr) \w+|sir or madam|sirs?|madam))?|good (?:morning|afternoon|evening|day)"
        ),
        "regret": "sorry|unfortunately|sadly|no|nope|please|pls|hm+",
        "praise": (
            "(?:ok|okay|great|perfect|super|awesome|wow|yes|alright|all right|cool|excellent|brilliant|fantastic|"
            "wonderful|amazing|lovely|nice|understood|noted|sure|good|received|great (?:job|work|service|support)|"
            "(?:you are|you're) (?:the best|great|awesome)|you rock|that(?:'s| is| was) (?:great|perfect|very kind|"
            "awesome|really helpful|very helpful|helpful|all)|very helpful|that (?:really )?helps|"
            "that (?:really )?helped)"
        ),
        "thanks": (
            "(?:(?:ok|okay|great|perfect|super|awesome|yes|cool|and|again|wow) )?(?:many thanks|thanks|thank you|"
            "thankyou|thank u|thx|tnx|ty|thanks a million|a big thank you|big thanks|much obliged|much appreciated|"
            "(?:i |we )?(?:really |very much )?appreciate (?:it|that|your help)|(?:i|we) (?:just )?(?:want|wanted|"
            "would like) to (?:say )?thank you)(?: (?:so much|very much|a lot|a bunch|a million|again|indeed|all|"
            "team|guys|everyone|everybody|both|kindly))*(?: for (?:(?:your|the|all|this|that|such|a|quick|fast|"
            "great|prompt|kind|excellent|super|swift|speedy|rapid|very|immediate|wonderful|amazing|good|"
            "really) )*(?:help|support|reply|response|answer|assistance|service|efforts?|info|information|update|"
            "clarification|explanation|feedback|time|patience|fix|solution|work|turnaround|everything|it|that|this|"
            "letting me know|getting back(?: to me)?|(?:fixing|looking into|sorting|solving|resolving|helping|"
            "clarifying)(?: me| us| it| this| that| out)*)(?: and (?:(?:your|the|quick|fast|great|kind) )*(?:help|"
            "support|patience|time|service|reply|response))?)?(?: (?:so much|very much|again|everyone|guys|team))?"
        ),
        "wish": (
            "(?:(?:i )?(?:wish|wishing) you |have |and have )(?:a )?(?:nice|great|good|lovely|wonderful|"
            "pleasant)(?: rest of the)? (?:day|weekend|evening|one|week|afternoon|time)|(?:enjoy your|nice|"
            "happy) (?:weekend|day|evening)|take care|(?:all the|my) best|bye|see you|stay safe|"
            "keep up the good work"
        ),
        "signoff": (
            "(?:(?:with )?(?:best|kind|warm|warmest|many|kindest) regards|regards|best wishes|best|cheers|br|rgds|"
            r"brgds|sincerely|yours(?: sincerely| faithfully| truly)?|kr|sent from my \w+(?: \w+)?|"
            r"sent from outlook(?: for \w+)?)"
        ),
        "works": (
            "(?:(?:yes|ok|okay|great|now|and|perfect) )?(?:(?:it|this|that|everything|all|(?:the|my|our) NOUN)(?:'s|"
            "(?: is| are)?) (?:now )?)?(?:works|work|working|(?<=is )fixed|(?<=is )solved|(?<=is )resolved|"
            "(?<=is )up and running)(?: (?:again|now|fine|perfectly|well|properly|great|as expected|for me|for us|"
            "like a charm|correctly|just fine|too|here|on my side|at my end))+|(?:(?:yes|ok|okay|great|now|and|"
            "perfect) )?(?:it|this|that|everything|(?:the|my|our) NOUN) (?:now )?(?:works|worked|is working|"
            "is fixed|is solved|is resolved)|(?:the |my |our )?(?:problem|issue|error|ticket) (?:is |has been |was |"
            "seems )?(?:now )?(?:solved|fixed|resolved|gone)(?: now| for me)?|(?:that|this|it|your solution|"
            "your fix) (?:did|fixed|solved|resolved) (?:it|the (?:trick|problem|issue)|my (?:problem|issue))|(?:all|"
            "everything(?:'s| is)?|we are|we're) (?:good|fine|ok|okay)(?: now| again)?|(?:i|"
            "we) can (?:now )?(?:log ?in|login|print|connect|access it)(?: again| now)+"
        ),
        "broken": (
            "(?:(?:sorry|unfortunately|no|nope|but|sadly) )*(?:(?:it|this|that|(?:the|my|our) NOUN)(?:'s|"
            " is)? )?(?:still (?:(?:does not|doesn't|doesnt|do not|don't|will not|won't|is not|isn't) (?:work|"
            "working|fixed|solved|resolved)|not (?:working|fixed|solved|resolved|ok|okay)|broken|down|failing|fails|"
            "unresolved|unsolved|offline|defective|happening|happens|occurs|crashes|crashing|(?:the |"
            "exactly the )?same(?: problem| issue| error| thing)?)|is still (?:broken|down|failing)|(?:does not|"
            "doesn't|doesnt|is not|isn't) (?:work|working) (?:again|either|yet|anymore again)|not (?:working|"
            "fixed) (?:yet|either))(?: (?:for me|for us|at all|here|properly|correctly|today|either|after (?:the|"
            "your) (?:fix|update)))*|(?:(?:sorry|unfortunately|no|nope|but) )*(?:that|this|it) (?:did not|didn't|"
            "didnt) (?:work|help|fix (?:it|the (?:problem|issue))|solve (?:it|the (?:problem|issue)))(?: either|"
            " at all| for me)?|(?:the )?(?:same )?(?:problem|issue|error|fault) (?:still |"
            "unfortunately )?(?:persists|remains|exists|continues|is (?:still )?(?:there|not (?:solved|fixed|"
            "resolved)(?: yet)?)|is back(?: again)?|still (?:there|here|occurs|happens))|(?:i|we) still (?:have|get|"
            "see) (?:the|this|that) (?:same )?(?:problem|issue|error)|(?:i|we) still (?:cannot|can't|"
            "cant) (?:log ?in|login|print|connect|access it)"
        ),
        "status": (
            "(?:(?:is there|do you have|are there|have you got|have you|got|hi) )?any (?:news|updates?|progress|"
            "word|eta|development)(?: (?:on|about|regarding|with|for|from your side|concerning) (?:this|that|it|"
            "(?:my|our|the|this) (?:ticket|case|request|order|issue|problem|question|matter|refund)))?(?: yet|"
            " please| for me| for us| so far| today)*|(?:(?:what is|what's|whats|may i ask|can i ask|may i know|"
            "could you tell me|can you tell me|please tell me|please let me know)(?: what)? )?(?:the |"
            "your )?(?:current |latest )?status(?: update)?(?: (?:of|on|for|regarding) (?:this|that|it|(?:my|our|"
            "the|this) (?:ticket|case|request|order|issue|problem|refund)))?(?: is| now| please)*|(?:(?:could|can|"
            "would) you (?:please )?(?:give|send) (?:me|us) )?(?:an? )?(?:status )?updates?(?: on (?:this|"
            "my (?:ticket|case|request|order)))?(?: please)?|(?:is there|do you have) (?:an eta|a status|an update|"
            "something new|anything new)(?: on this| for (?:this|me|us)| yet| please)*|anything new(?: on this|"
            " yet)*|(?:how|what) (?:is|are) (?:it|things|this) (?:going|looking|coming along)(?: with (?:this|"
            "my (?:ticket|case|request)))?|when can (?:i|we) expect (?:an?|your|some) (?:answer|reply|response|"
            "update|news|solution|feedback)|what(?:'s| is) (?:happening|going on|the state) (?:with|of) (?:this|"
            "(?:my|our|the) (?:ticket|case|request|order))|(?:(?:i am|i'm|we are|we're|"
            "am) )?still waiting(?: (?:for|on) (?:an?|your|any) (?:answer|reply|response|update|feedback))?|"
            "(?:(?:i am|i'm) )?(?:just )?(?:checking in|following up)(?: (?:on|about) (?:this|my (?:ticket|case|"
            "request)))?"
        ),
        "unsubscribe": (
            "(?:(?:please|pls|kindly|hi) )?(?:(?:can|could|would) you (?:please )?|i (?:want|would like|wish|"
            "'d like) to (?:be )?|i'd like to (?:be )?)?unsubscribed?(?: (?:me|us|my (?:e-?mail )?address|"
            "my e-?mail|this (?:e-?mail )?address))?(?: from (?:(?:this|your|the|all|any|all your|"
            "future) )?(?:mailing )?(?:lists?|e-?mails?|newsletters?|mails?|mailings?))?(?: please| now|"
            " immediately| at once)*|(?:(?:please|pls|kindly) )?(?:(?:can|could|would) you (?:please )?)?(?:remove|"
            "delete|take) (?:me|us|my (?:e-?mail )?address|my e-?mail|this address)(?: off| from) (?:(?:this|your|"
            "the|all|all your) )?(?:mailing ?lists?|lists?|newsletters?|distribution lists?|mailings?)(?: please|"
            " now| immediately)*|(?:(?:please|pls|kindly) )?stop (?:sending|mailing|emailing) (?:me|us)(?: (?:your |"
            "these |this |any more |more )?(?:e-?mails?|mails?|newsletters?|spam))?|"
            "(?:please )?opt(?:[ -]me)?[ -]out|(?:please )?no more (?:newsletters?|e-?mails|mailings)(?: please)?"
        ),
    },
    "de": {
        "greeting": (
            "(?:hallo|hi|hey|moin|moin moin|servus|grüß gott|grüezi|guten (?:tag|morgen|abend)|liebe[rs]?|"
            "sehr geehrter?|sehr geehrte damen und herren)(?: (?:zusammen|team|liebes team|support|support-team|"
            r"(?:herr|frau)(?: dr)? \w+|damen und herren|alle|kollegen))?|(?:sehr geehrte[rs]?|liebe[rs]?) (?:herr|"
            r"frau)(?: dr)? [\w-]+"
        ),
        "regret": "leider|nein|sorry|bitte|schade|hm+",
        "praise": (
            "(?:ja|ok|okay|super|toll|prima|klasse|perfekt|top|spitze|wunderbar|großartig|ausgezeichnet|sehr (?:gut|"
            "schön|nett|lieb)|alles klar|gut|fein|genial|bestens|passt|das (?:ist|war) (?:super|toll|prima|"
            "sehr nett|perfekt|sehr hilfreich|lieb)|sehr hilfreich|(?:das )?hat (?:mir )?(?:sehr )?geholfen|"
            "super (?:service|support|arbeit)|toller (?:service|support)|verstanden)"
        ),
        "thanks": (
            "(?:(?:ja|ok|okay|super|toll|prima|klasse|perfekt|top|und|sehr gut|alles klar|wunderbar) )?(?:(?:ganz |"
            "recht |nochmals? |schon mal )?(?:vielen(?: lieben| herzlichen)?|herzlichen|besten|lieben|schönen|"
            "tausend|1000|allerbesten|großen) dank|danke(?: (?:schön|sehr|vielmals|dir|ihnen|euch|nochmals?))*|"
            "dankeschön|dankesehr|dank (?:dir|ihnen|euch)|merci|thx|thanks|(?:ich |wir )?(?:möchte[n]? (?:mich|"
            "uns) )?(?:bedanke|bedanken|bedankt)(?: (?:mich|uns))?(?: (?:herzlich|sehr|ganz herzlich|"
            "recht herzlich))?)(?: (?:ihnen|dir|euch|allen|schön|sehr|vielmals|nochmals?|noch mal|noch einmal|"
            "an (?:alle|sie|euch|das team|das ganze team)))*(?: für (?:(?:die|das|den|ihre|ihren|deine|deinen|eure|"
            "euren|ihr|dein|schnelle|rasche|prompte|tolle|gute|freundliche|super|nette|kompetente|unkomplizierte|"
            "sehr|so|hervorragende|schnellen|raschen|tollen|guten|netten) )*(?:hilfe|unterstützung|antwort|"
            "rückmeldung|bearbeitung|info|infos|information|informationen|auskunft|erklärung|mühe|mühen|geduld|"
            "lösung|support|service|reaktion|hilfestellung|aufklärung|klärung|alles|feedback|update|nachricht|"
            "e-?mail|bemühungen?|einsatz)(?: und (?:(?:die|das|den|ihre|deine|eure|schnelle|gute|tolle) )*(?:hilfe|"
            "unterstützung|antwort|geduld|mühe|bearbeitung|rückmeldung|lösung))?)?(?: (?:nochmals?|an alle))?"
        ),
        "wish": (
            "(?:und )?(?:(?:ich |wir )?wünschen? (?:ihnen|dir|euch)(?: (?:noch|allen))? )?(?:(?:noch )?(?:einen |"
            "ein )?(?:schön|angenehm|gut|toll)e[nrs]s? (?:(?:rest)?tag|abend|feierabend|wochenende|woche|restwoche|"
            "zeit|tag und eine schöne woche)(?: noch| gewünscht)?)|bis (?:bald|dann|dahin)|tschüss|alles gute|"
            "weiter so"
        ),
        "signoff": (
            "(?:mit )?(?:(?:freundlich|herzlich|lieb|best|viel|schön|sonnig)(?:en?|em|st?en)? (?:grüßen?|grüssen?|"
            "gruß|gruss)|gruß|gruss|grüße|grüsse|lg|vg|mfg|bg|mit freundlichem gruß|hochachtungsvoll|ihre?|dein|"
            r"viele grüße aus \w+|(?:von|gesendet von) meinem (?:\w+ )?\w+(?: gesendet)?)"
        ),
        "works": (
            "(?:(?:ja|ok|super|und|nun|jetzt) )*(?:es|das|alles|nun|jetzt|(?:der|die|das|mein|meine|unser|"
            "unsere) NOUN) (?:jetzt |nun )?(?:funktioniert|geht|klappt|läuft|funktionieren|gehen|"
            "druckt)(?: (?:jetzt|nun|wieder|alles|einwandfrei|super|bestens|prima|gut|es|problemlos|perfekt|endlich|"
            "wie gewünscht|bei mir|auch))*|(?:funktioniert|geht|klappt|läuft)(?: (?:jetzt|nun|wieder|alles|"
            "einwandfrei|super|bestens|prima|gut|problemlos|perfekt|endlich))+|(?:(?:jetzt|nun) )?(?:hat|es hat|"
            "das hat|alles hat) (?:jetzt |nun |alles |super |prima )*(?:geklappt|funktioniert)|(?:das |mein |"
            "unser )?problem (?:ist |wurde |hat sich )?(?:jetzt |nun |damit )?(?:gelöst|behoben|erledigt|weg)|"
            "(?:hat sich|ist) (?:damit |schon )?erledigt|(?:der |dieser )?fehler (?:ist |wurde )?(?:jetzt |"
            "nun )?(?:behoben|weg)|(?:jetzt |nun )?(?:ist )?(?:wieder )?alles (?:wieder )?(?:gut|in ordnung|ok|"
            "okay)|ich kann mich (?:jetzt |nun )?wieder (?:anmelden|einloggen)"
        ),
        "broken": (
            "(?:(?:leider|nein|aber|sorry|ne) )*(?:(?:es|das|(?:der|die|das|mein|meine|unser|"
            "unsere) NOUN) )?(?:funktioniert|geht|klappt|läuft|druckt|funktionieren|gehen)(?: (?:bei mir|bei uns|es|"
            "das|leider))* (?:immer noch nicht|noch immer nicht|weiterhin nicht|nach wie vor nicht|noch nicht|"
            "auch nicht|trotzdem nicht|auch jetzt nicht|noch immer nich|immer noch nich|"
            "nach dem update nicht)(?: richtig| korrekt| mehr)?|(?:(?:leider|nein) )*(?:immer noch|noch immer|"
            "weiterhin|nach wie vor|leider)(?: (?:das|der))? (?:gleiche|selbe|gleicher|dasselbe|kaputt|defekt|"
            "derselbe|das gleiche|das selbe)(?: (?:problem|fehler))?|(?:(?:es|das|(?:der|die|das|mein|meine|unser|"
            "unsere) NOUN) )?ist (?:immer noch|noch immer|weiterhin|nach wie vor) (?:kaputt|defekt|gesperrt|offline|"
            "gestört)|(?:das |der )?(?:gleiche |selbe )?(?:problem|fehler) (?:besteht|tritt|ist|bleibt|"
            "existiert) (?:immer noch|noch immer|weiterhin|leider weiterhin|leider immer noch|nach wie vor|noch|"
            "leider noch)(?: (?:auf|da|nicht (?:gelöst|behoben)|bestehen))?|(?:(?:leider|"
            "nein) )*(?:das )?hat (?:leider )?(?:auch )?(?:nicht geholfen|nichts geholfen|nicht geklappt|"
            "nicht funktioniert|nichts gebracht|auch nichts gebracht)|(?:geht|funktioniert|"
            "klappt) (?:leider )?(?:immer noch|noch immer|weiterhin) nicht|ich kann mich (?:immer noch|noch immer|"
            "weiterhin) nicht (?:anmelden|einloggen)"
        ),
        "status": (
            "(?:(?:gibt|gäbe) es|haben sie|hast du|habt ihr|gibts|gibt's)(?: (?:hier|da|dazu|schon|inzwischen|"
            "mittlerweile|bereits|denn|in der sache|zu meinem (?:ticket|fall|anliegen)|zu meiner (?:anfrage|"
            "bestellung)))* (?:etwas neues|was neues|neuigkeiten|neues|einen neuen stand|ein update|news|"
            "eine antwort|eine rückmeldung)(?: (?:dazu|hierzu|für mich|zu (?:meinem (?:ticket|fall|anliegen|"
            "problem)|meiner (?:anfrage|bestellung|frage))))?|(?:schon |irgendwelche )?(?:was neues|etwas neues|"
            "neuigkeiten|updates?|news)(?: (?:dazu|hierzu|bitte|für mich))?|(?:wie ist|wie lautet|was ist|"
            "wie sieht)(?: denn)? (?:der|hier der|da der|es|hier)(?: (?:aktuelle|derzeitige|"
            "momentane))?(?: (?:stand|status|sachstand|bearbeitungsstand|stand der dinge|aus))(?: (?:dazu|hier|"
            r"damit|bitte|(?:in|bei|zu) (?:meinem|meiner|diesem|dieser|der) \w+|der dinge|(?:meiner|"
            "meines) (?:anfrage|bestellung|tickets|anliegens)))?|(?:aktueller |neuer )?(?:stand|status|sachstand|"
            "zwischenstand)(?: bitte)?|bitte um (?:einen |kurzen |kurze )*(?:status|zwischenstand|update|"
            "rückmeldung|sachstand|statusmeldung|statusupdate)|(?:wann|bis wann) (?:kann|darf|können) (?:ich|"
            "wir)(?: denn)? mit (?:einer|ihrer|eurer) (?:antwort|rückmeldung|lösung) rechnen|(?:ich |"
            "wir )?warten?(?: immer noch| noch immer| noch| weiterhin)? auf (?:eine|ihre|eure) (?:antwort|"
            "rückmeldung)|ich wollte (?:mal |nur )?(?:kurz )?nach dem (?:aktuellen )?(?:stand|status) fragen"
        ),
        "unsubscribe": (
            "(?:bitte )?(?:(?:mich |uns )?(?:vom |von ihrem |aus dem |von diesem |von allen )?(?:newsletter|"
            "verteiler|mailings|newslettern)? ?)?(?:abmelden|abbestellen|austragen)(?: bitte)?|"
            "(?:bitte )?(?:newsletter|verteiler) (?:abmelden|abbestellen|kündigen|stornieren)|(?:bitte )?(?:melden|"
            "tragen) sie (?:mich|uns|diese adresse|meine adresse|meine e-?mail-?adresse) (?:bitte )?(?:(?:vom|"
            "von ihrem|von diesem|aus dem|aus ihrem|aus) (?:newsletter|verteiler|mailverteiler) )?(?:ab|aus)|"
            "(?:bitte )?(?:nehmen|streichen|löschen|entfernen) sie (?:mich|uns|meine adresse|meine e-?mail-?adresse|"
            "diese adresse) (?:bitte )?(?:aus|von) (?:dem|ihrem|diesem|der) (?:newsletter|verteiler|mailverteiler|"
            "mailingliste|verteilerliste|e-?mail-?verteiler)(?: heraus| raus)?|(?:ich (?:möchte|will) )(?:mich |"
            "den newsletter |ihren newsletter |keine (?:newsletter|werbung|werbemails) mehr )(?:(?:vom|"
            "von ihrem) newsletter )?(?:abmelden|abbestellen|erhalten|bekommen)|(?:bitte )?keine (?:weiteren |"
            "weitere )?(?:newsletter|werbung|werbemails|werbe-mails|mails)(?: mehr)?(?: bitte)?|bitte (?:schicken|"
            "senden) sie (?:mir|uns) keine (?:newsletter|werbung|werbemails|mails) mehr|unsubscribe"
        ),
    },
    "no": {
        "greeting": (
            "(?:hei|hallo|heisann|god (?:dag|morgen|kveld|ettermiddag)|kjære|hei hei|morn)(?: (?:alle|alle sammen|"
            "dere|support|team|igjen))*"
        ),
        "regret": "dessverre|nei|beklager|vær så snill|vennligst",
        "praise": (
            "(?:ja|ok|okay|supert|super|flott|perfekt|topp|kjempebra|bra|kjempefint|fint|strålende|utmerket|kult|"
            "herlig|knallbra|veldig (?:bra|fint|hyggelig)|den er grei|greit|forstått|mottatt|notert|så bra|"
            "dere er (?:best|flinke|fantastiske)|bra jobba|(?:god|flott|veldig god) (?:service|jobb)|det (?:var|"
            "er) (?:flott|supert|veldig bra|til stor hjelp))"
        ),
        "thanks": (
            "(?:(?:ok|ja|supert|super|flott|perfekt|topp|og|kjempebra|bra|fint) )*(?:tusen(?: hjertelig)? takk|"
            "mange takk|hjertelig takk|takk|takker|1000 takk|takk skal (?:du|dere) ha|tusen takk skal (?:du|"
            "dere) ha|takk takk|(?:jeg|vi) takker)(?: (?:så mye|igjen|så meget|alle sammen|alle|dere|deg|skal (?:du|"
            "dere) ha|så veldig mye))*(?: for (?:(?:all|den|det|en|din|deres|rask|raskt|raske|kjapt|godt|"
            "rask og god|god|gode|fin|hyggelig|supert|veldig|flott|kjapp|utmerket|tilsendt) )*(?:hjelp|hjelpen|svar|"
            "svaret|tilbakemelding|tilbakemeldingen|support|bistand|bistanden|service|servicen|info|informasjon|"
            "informasjonen|oppklaring|oppklaringen|forklaring|forklaringen|innsatsen|tålmodigheten|løsningen|"
            "oppfølging|oppfølgingen|beskjed|beskjeden|alt|oppdateringen|responsen|respons)(?: og (?:(?:for|god|den|"
            "rask) )*(?:hjelp|hjelpen|service|svar|tålmodigheten|oppfølging))?)?(?: igjen| alle sammen)?"
        ),
        "wish": (
            "(?:(?:jeg )?(?:ønsker (?:deg|dere) )?(?:ha |og ha )?(?:en )?(?:fin|god|flott|fortsatt fin|riktig god|"
            "strålende|super)(?: fin)? (?:dag|helg|kveld|uke|ettermiddag)(?: videre)?|(?:ha det(?: bra| fint)?)|"
            "snakkes|på gjensyn|god helg)"
        ),
        "signoff": (
            "(?:med )?(?:(?:vennlig|beste?|hjertelig|god|mange)(?:e)? )?hilsen(?:er)?|(?:med )?vennlig hilsen|mvh|"
            r"vh|hilsen fra|sendt fra (?:min )?\w+(?: \w+)?"
        ),
        "works": (
            r"(?:(?:ja|ok|supert|flott|og) )*(?:(?:det|dette|alt|nå|\w+en|\w+et|(?:\w+en|\w+et) (?:min|mi|vår|mitt|"
            "vårt)) )(?:virker|fungerer|funker|fungerte|funket|går)(?: (?:nå|igjen|fint|perfekt|bra|som det skal|"
            "alt|det|helt|utmerket|hos meg|hos oss))+|(?:nå )?(?:virker|fungerer|funker)(?: (?:nå|igjen|det|alt|"
            "fint|perfekt|bra|som det skal))+|det (?:virker|fungerer|funker|fungerte|virket)|problemet (?:er |"
            "ble )?(?:nå )?(?:løst|borte|fikset|ordnet)(?: nå)?|(?:det|alt|saken) (?:er )?(?:nå )?(?:løst|ordnet|"
            "fikset|i orden|ok)(?: nå| igjen)?|alt (?:er )?(?:i orden|ok|bra|fint)(?: nå| igjen)?|det ordnet seg|"
            "(?:nå )?(?:får jeg|kan jeg|jeg får|jeg kan)(?: nå)? (?:logget inn|logge inn|skrevet ut|"
            "skrive ut)(?: igjen| nå)+"
        ),
        "broken": (
            r"(?:(?:dessverre|nei|beklager|men) )*(?:(?:det|dette|(?:\w+en|\w+et)(?: (?:min|mi|vår|mitt|"
            "vårt))?) )?(?:(?:virker|fungerer|funker|går) (?:dessverre )?(?:fortsatt ikke|fremdeles ikke|ennå ikke|"
            "enda ikke|ikke (?:ennå|enda|fortsatt|fremdeles|nå heller|heller))|(?:fortsatt|"
            "fremdeles) (?:ikke (?:løst|i orden|fikset|ordnet)|(?:det )?samme (?:problem|problemet|feil|feilen)|"
            "ødelagt|nede|defekt))(?: (?:hos meg|hos oss|dessverre|som det skal))*|(?:(?:dessverre|nei) )*(?:det |"
            "dette )?(?:hjalp (?:dessverre )?(?:ikke|ingenting)|(?:virket|fungerte|"
            "funket) (?:dessverre )?ikke)(?: heller)?|(?:problemet|feilen) (?:vedvarer|er (?:der )?(?:fortsatt|"
            r"fremdeles)(?: (?:der|ikke løst|til stede))?|er (?:ennå |enda )?ikke løst|består)|(?:\w+en|\w+et|"
            "det)(?: (?:min|mi|vår))? er (?:fortsatt|fremdeles) (?:ødelagt|nede|sperret|defekt)|(?:jeg )?(?:har|"
            "får) (?:fortsatt|fremdeles) (?:det )?samme (?:problem|problemet|feil|feilen)|(?:jeg )?(?:får|"
            "kan) (?:fortsatt|fremdeles) ikke (?:logget inn|logge inn|skrevet ut|skrive ut)"
        ),
        "status": (
            "(?:(?:er det|har dere|finnes det|har du|foreligger det)(?: (?:noe|noen|kommet noe))? )?(?:noe nytt|"
            "nytt|nyheter|oppdatering|oppdateringer|noen (?:nyheter|oppdatering|oppdateringer))(?: (?:her|i saken|"
            "om (?:dette|saken|saken min|bestillingen(?: min)?)|på (?:dette|saken|saken min|denne)|"
            "angående (?:dette|saken|saken min)|å melde|fra dere))*|(?:hva er |hvordan er )?(?:status|statusen|ståa|"
            "situasjonen)(?: (?:på|i|for|med) (?:dette|denne|saken|saken min|bestillingen(?: min)?|ordren(?: min)?|"
            "henvendelsen(?: min)?))?(?: takk| nå)?|hvordan (?:går det|ligger (?:det|dere) an)(?: med (?:dette|"
            "denne|saken|saken min|bestillingen(?: min)?))?|når kan (?:jeg|vi) (?:forvente|"
            "regne med) (?:et )?(?:svar|tilbakemelding)|(?:jeg|vi)? ?venter (?:fortsatt|fremdeles) på (?:svar|"
            "tilbakemelding)"
        ),
        "unsubscribe": (
            "(?:(?:vennligst|kan dere|jeg (?:ønsker|vil)(?: å)?|vær så snill å|vær så snill og|"
            "ber om å) )*(?:meld(?:e)? (?:meg|oss) av|(?:meg|oss) av|avmelde(?: (?:meg|oss))?|avmeld(?: (?:meg|"
            "oss))?|bli (?:avmeldt|meldt av|fjernet)|(?:stryk|fjern|slett)(?:e)? (?:meg|oss|adressen min|"
            "e-?postadressen min)|avslutte? abonnementet på nyhetsbrevet|si opp nyhetsbrevet)(?: (?:fra|på|"
            "av) (?:(?:dette|denne|alle|deres) )?(?:nyhetsbrevet|nyhetsbrev|e-?postlisten|epostlisten|listen|"
            "mailinglisten|utsendelser|e-?postliste(?:n)?|listen deres|nyhetsbrevene))?(?: takk| vennligst)?|"
            "avmelding(?: (?:av |fra )?nyhetsbrev(?:et)?)?|(?:(?:vennligst|kan dere) )?(?:ikke send(?:e)?|"
            "slutt(?:e)? å sende) (?:meg|oss) (?:flere |mer )?(?:e-?post(?:er)?|nyhetsbrev|reklame|mail)(?: mer|"
            " lenger)?|ingen flere (?:nyhetsbrev|e-?poster)(?: takk)?"
        ),
    },
    **MORE_SENTENCES,
}
