"""The words by which mail clients of some 25 languages mark a quoted, forwarded or signed-off mail. Dry: data only.

Collected from what the clients write (Outlook, Gmail, Apple Mail, Thunderbird, Yahoo, Lotus, phones); a language is
added by adding its words here, no code changes. All words are compared case-folded.
"""

from typing import Final


def _words(text: str, separator: str | None = "|") -> frozenset[str]:
    return frozenset(text.casefold().split(separator))


FROM: Final = "from"
SENT: Final = "sent"
TO: Final = "to"
CC: Final = "cc"
SUBJECT: Final = "subject"
REPLY_TO: Final = "reply-to"
OTHER: Final = "other"

# Labels of the block that Outlook, Apple Mail and others put above a quoted or forwarded mail, by what they mean.
LABELS_BY_KIND: Final[dict[str, str]] = {
    FROM: (
        "from|von|de|da|fra|från|van|od|lähettäjä|feladó|de la|expeditor|expeditorul|gönderen|kimden|от|від|від кого|"
        "отправитель|відправник|mittente|remitente|remetente|expéditeur|absender|afsender|avsändare|avsender|afzender|"
        "nadawca|odesílatel|odosielateľ|από|αποστολέας|מאת|من|dari|pengirim|từ|người gửi|发件人|寄件者|寄件人|差出人|"
        "送信元|보낸 사람|보낸사람|od koga|šalje|пошиљалац|изпращач|saatja|nuo|frá|de part de"
    ),
    SENT: (
        "sent|date|sent on|gesendet|gesendet am|datum|envoyé|envoyé le|enviado|enviado el|enviado em|enviada em|"
        "enviada|enviado a las|fecha|data|inviato|inviato il|sendt|dato|skickat|skickad|verzonden|verstuurd|wysłano|"
        "wysłane|data wysłania|lähetetty|päivämäärä|pvm|elküldve|küldve|dátum|datum odeslání|odesláno|odoslané|"
        "dátum odoslania|trimis|trimis la|dată|gönderilen|gönderildi|gönderme tarihi|gönderim tarihi|tarih|отправлено|"
        "дата|надіслано|відправлено|дата отправки|sendt dato|στάλθηκε|ημερομηνία|נשלח|תאריך|تاريخ الإرسال|التاريخ|"
        "dikirim|tanggal|đã gửi|ngày|ngày gửi|发送时间|发送日期|日期|时间|時間|寄件日期|送信日時|日付|日時|"
        "보낸 날짜|날짜|poslano|"
        "poslato|изпратено|date et heure|datum en tijd"
    ),
    TO: (
        "to|an|à|pour|para|a|per|til|till|aan|do|vastaanottaja|címzett|komu|pre|către|destinatar|destinatarul|kime|"
        "alıcı|кому|получатель|empfänger|destinataire|destinatario|destinatário|modtager|mottagare|mottaker|"
        "ontvanger|adresat|příjemce|adresát|προς|אל|לכבוד|إلى|kepada|ke|đến|tới|người nhận|收件人|收件者|宛先|送信先|"
        "받는 사람|받는사람|za|prima|до"
    ),
    CC: (
        "cc|kopie|kopie (cc)|copie|copie à|copie pour|copia|cópia|kopi|kopia|kopio|másolat|másolatot kap|kópia|dw|"
        "do wiadomości|bcc|ud|копия|копія|kopya|bilgi|κοιν|עותק|העתק|نسخة|抄送|副本|同报|참조|ｃｃ|kop|con copia|kk"
    ),
    SUBJECT: (
        "subject|betreff|objet|sujet|asunto|oggetto|assunto|emne|ämne|onderwerp|temat|aihe|otsikko|tárgy|předmět|věc|"
        "predmet|subiect|subiectul|konu|тема|θέμα|נושא|الموضوع|موضوع|perihal|subjek|chủ đề|tiêu đề|主题|主旨|件名|제목|"
        "naslov|efni|относно|teema|tema"
    ),
    REPLY_TO: (
        "reply-to|reply to|antwort an|antworten an|répondre à|responder a|rispondi a|svar til|svara till|antwoord aan|"
        "odpowiedz do|odpověď|vastausosoite|válaszcím|yanıtla|ответить|dołączona odpowiedź"
    ),
    OTHER: (
        "importance|wichtigkeit|priorität|priority|prioritet|sensitivity|attachments|anlagen|anhänge|allegati|"
        "pièces jointes|datos adjuntos|anexos|organization|message-id|resent-from|vedlegg|bilagor|bijlagen|załączniki|"
        "liitteet|vedhæftet|cci|категория|вложения|bilaga|when|where|mailed-by|signed-by"
    ),
}
LABELS: Final[dict[str, str]] = {
    label: kind for kind, labels in LABELS_BY_KIND.items() for label in labels.casefold().split("|")
}

# Labels that also stand in forms and itineraries; the others ("Gesendet") only stand above a mail.
PLAIN_DATES: Final = _words(
    "date datum data fecha dato päivämäärä pvm dátum dată tarih дата ημερομηνία תאריך tanggal ngày 日期 日付 时间 時間",
    None,
)

# In front of the subject of a forwarded mail, and of an answer. VS is the one in Danish and Norwegian, the other in
# Finnish; it stands in neither.
FORWARD_SUBJECTS: Final = _words(
    "fwd|fw|wg|tr|rv|enc|i|doorst|doorgestuurd|pd|vb|videresend|vl|redir|ilt|továbbítás|přep|fs|trs|yml|πρθ|"
    "пер|пересл|переадр|הועבר|إعادة توجيه|转发|轉寄|轉發|転送|전달|chuyển tiếp|weiterl"
)
REPLY_SUBJECTS: Final = _words(
    "re|aw|sv|antw|antwoord|odp|res|ynt|vá|válasz|rép|ref|réf|r|rif|blp|bls|atb|απ|σχετ|räs|răspuns|на|ответ|отв|"
    "відп|השב|תגובה|رد|回复|回覆|答复|返信|答覆|회신|답장|trả lời"
)

# Between dashes: the mail below was answered. The mail below was forwarded.
ORIGINAL_PHRASES: Final = _words(
    "original message|original-message|original-nachricht|originalnachricht|ursprüngliche nachricht|"
    "urspruengliche nachricht|message d'origine|message d’origine|message original|message initial|"
    "mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|originele bericht|"
    "oorspronkelijke bericht|wiadomość oryginalna|oryginalna wiadomość|wiadomość pierwotna|ursprungligt meddelande|"
    "originalmeddelande|oprindelig meddelelse|oprindelig besked|original besked|original meddelelse|"
    "opprinnelig melding|original melding|alkuperäinen viesti|původní zpráva|pôvodná správa|eredeti üzenet|"
    "eredeti levél|mesaj original|mesajul original|orijinal mesaj|özgün ileti|исходное сообщение|"
    "оригинальное сообщение|первоначальное сообщение|оригінальне повідомлення|вихідне повідомлення|"
    "πρωτότυπο μήνυμα|αρχικό μήνυμα|הודעה מקורית|الرسالة الأصلية|pesan asli|tin nhắn gốc|thư gốc|原始邮件|原邮件|"
    "原始郵件|"
    "元のメッセージ|원본 메시지|원본 메일|originalna poruka|izvorna poruka|оригинално съобщение|algne kiri|"
    "reply message|ursprüngliche mail|original email|original mail|missatge original|antwort|reply above this line"
)
FORWARD_PHRASES: Final = _words(
    "forwarded message|forwarded mail|forwarded by|forwarded email|fwd message|weitergeleitete nachricht|"
    "weitergeleitete mail|message transféré|message transmis|message réexpédié|mensaje reenviado|"
    "messaggio inoltrato|mensagem encaminhada|mensagem reencaminhada|doorgestuurd bericht|przekazana wiadomość|"
    "wiadomość przekazana dalej|wiadomość przesłana dalej|przesłana wiadomość|vidarebefordrat meddelande|"
    "vidarebefordrat brev|videresendt melding|videresendt meddelelse|videresendt besked|videresend melding|"
    "välitetty viesti|edelleenlähetetty viesti|přeposlaná zpráva|preposlaná správa|továbbított üzenet|"
    "továbbított levél|mesaj redirecționat|mesaj redirecţionat|mesaj transmis|iletilmiş mesaj|iletilen mesaj|"
    "iletilmiş ileti|пересылаемое сообщение|перенаправленное сообщение|пересланное сообщение|"
    "переадресованное сообщение|переслане повідомлення|пересланий лист|προωθημένο μήνυμα|הודעה שהועברה|"
    "رسالة مُعاد توجيهها|رسالة معاد توجيهها|pesan terusan|pesan yang diteruskan|thư chuyển tiếp|"
    "tin nhắn đã chuyển tiếp|转发邮件|转发的邮件|轉寄的郵件|轉寄郵件|転送メッセージ|転送されたメッセージ|전달된 메시지|"
    "전달된 메일|proslijeđena poruka|prosleđena poruka|препратено съобщение|missatge reenviat|edastatud kiri"
)
# Apple Mail and MailMate write a line of its own, without dashes, ending in a colon.
FORWARD_LINES: Final = _words(
    "begin forwarded message|forwarded message|anfang der weitergeleiteten nachricht|"
    "anfang der weitergeleiteten e-mail|début du message réexpédié|début du message transféré|"
    "inicio del mensaje reenviado|inizio messaggio inoltrato|início da mensagem encaminhada|"
    "início da mensagem reencaminhada|begin doorgestuurd bericht|początek przekazanej wiadomości|"
    "początek przekazywanej wiadomości|vidarebefordrat brev|vidarebefordrat mejl|börja vidarebefordrat meddelande|"
    "start på videresendt besked|start på videresendt meddelelse|videresendt besked|videresendt melding|"
    "starten på den videresendte meldingen|välitetty viesti alkaa|välitetyn viestin alku|"
    "začátek přeposílané zprávy|začiatok preposlanej správy|továbbított levél kezdete|"
    "începe mesajul redirecționat|începutul mesajului redirecționat|iletilen ileti başlangıcı|"
    "iletilen mesajın başı|начало переадресованного сообщения|початок листа, що пересилається|"
    "початок переадресованого повідомлення|έναρξη προωθημένου μηνύματος|"
    "תחילת ההודעה שהועברה|بدء الرسالة المعاد توجيهها|mulai pesan yang diteruskan|bắt đầu thư được chuyển tiếp|"
    "下面是被转发的邮件|开始转发的邮件|以下是轉寄的訊息|開始轉寄訊息|転送されたメッセージ|전달된 메시지 시작|"
    "početak proslijeđene poruke|inici del missatge reenviat|započnite proslijeđenu poruku|başlangıç iletilen ileti"
)

# The verb of "On ..., Jane Doe wrote:". TAIL verbs end the line; after a MIDDLE verb a name or a date may follow.
TAIL_VERBS: Final = (
    "wrote|writes|a écrit|escribió|escribio|ha scritto|scrive|escreveu|geschreven|napisał(a)|napisał|napisała|"
    "napisal(a)|napsal(a)|napsal|napsala|napísal(a)|napísal|napísala|napísal/a|napsal/a|"
    "написал/а|írta|ezt írta|a scris|yazdı|написал(а)|написал|"
    "написала|написав|написала(в)|пише|пишет|έγραψε|כתב|כתבה|كتب|menulis|đã viết|写道|寫道|のメッセージ|作成|작성|"
    "님이 작성|"
    "님이 씀|napisao je|napisala je|je napisao/la|napisao|написа|va escriure|kirjutas|schreef het volgende|"
    "skrev følgende|skrev följande|skrifaði|wrote the following|a écrit ce qui suit|scrisse|geschrieben"
)
MIDDLE_VERBS: Final = (
    "schrieb|skrev|schreef|kirjoitti|scripsit|pisze|napisał(a)|napisał|napisała|написал|написал(а)|пользователь|"
    "napsal(a)|napsal|napsala|napísal(a)|napísal|użytkownik|používateľ|kullanıcısı|uživatel|написав|írta|skrifaði"
)
# The first word of such a line; a digit or the name of a week day does as well.
OPENERS: Final = _words(
    "on am at în le el il op den på em dne dnia w dňa në vào trong 在 于 於 la data ngày pada tanggal в на στις "
    "tarihinde dana ב בתאריך في ที่ em: kl kl. um de il: du en lúc vị på: tiistaina",
    None,
)
WEEKDAYS: Final = _words(
    "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim "
    "lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom "
    "lunedì martedì mercoledì giovedì venerdì sabato domenica gio "
    "segunda terça quarta quinta sexta seg ter qua qui sex "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo "
    "mandag tirsdag onsdag torsdag fredag lørdag søndag måndag tisdag lördag söndag man tir ons tor tors fre lør "
    "søn mån tis lör sön maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai ti ke to pe la su "
    "pon wt śr czw pt sob niedz poniedziałek wtorek środa czwartek piątek sobota niedziela "
    "po út st čt pá ne pondělí úterý středa čtvrtek pátek neděle ut št pi "
    "hétfő kedd szerda csütörtök péntek szombat vasárnap lun. marți miercuri joi vineri sâmbătă duminică "
    "pazartesi salı çarşamba perşembe cuma cumartesi pazar "
    "пн вт ср чт пт сб вс понедельник вторник среда четверг пятница суббота воскресенье нд понеділок вівторок "
    "середа четвер п'ятниця субота неділя",
    None,
)
# "Quoting Jane Doe <jane@x>:" of web mailers.
QUOTING_OPENERS: Final = ("quoting ", "zitat von ", "citando ", "citat ", "cytowanie ", "citeren ", "quote ")

# "Sent from my iPhone" in the languages: an opener with a device or program after it, or a device before a closer.
FOOTER_OPENERS: Final = (
    "sent from|sent via|sent by|sent using|sent with|sent through|get outlook for|get [outlook for|typed on|"
    "written on my|from my |"
    "gesendet von|gesendet mit|gesendet über|versendet mit|"
    "outlook für|outlook for|holen sie sich outlook|envoyé de mon|envoyé depuis|envoyé à partir|envoyé de|"
    "obtenez outlook|télécharger outlook|provenance :|enviado desde|enviado do|enviado de|enviado a partir|"
    "obtener outlook|obter o outlook|inviato da|inviato dal|scarica outlook|ottieni outlook|verzonden vanaf|"
    "verzonden met|verstuurd vanaf|verstuurd met|outlook voor|wysłane z|wysłano z|pobierz outlook|skickat från|"
    "skickat med|hämta outlook|sendt fra|sendt via|sendt med|hent outlook|få outlook|lähetetty|hanki outlook|"
    "odesláno z|odoslané z|získejte outlook|küldve az|elküldve|trimis de pe|trimis din|obțineți outlook|"
    "отправлено с|отправлено из|відправлено з|надіслано з|στάλθηκε από|נשלח מ|أرسلت من|مرسل من|dikirim dari|"
    "đã gửi từ|gửi từ|发自我的|發自我的|来自我的|從我的|从我的|poslano s|poslato sa|изпратено от|"
    "enviat des|saadetud"
)
FOOTER_CLOSERS: Final = "gesendet|から送信|に送信|傳送|发送|發送|에서 보냄|gönderildi|küldve"
FOOTER_CLOSER_OPENERS: Final = "von|diese|iphone|ipad|從我|从我|나의|내|az|android|mobil|samsung|outlook|yahoo"
FOOTER_DEVICES: Final = (
    "iphone|ipad|ipod|android|mobile|mobil|phone|cell|device|samsung|galaxy|htc|blackberry|windows|outlook|airmail|"
    "mailbox|yahoo|proton|gmail|huawei|xiaomi|redmi|pixel|nokia|sony|xperia|tablet|smartphone|handy|telefon|teléfono|"
    "téléphone|telefono|móvil|celular|mobiltelefon|mobilgerät|gmx|web.de|k-9|fairmail|spark|bluemail|mail.ru|"
    "outlook.com|"
    "тел|мател|мобил|приложения|почты|aquamail|verizon|oneplus|motorola|lg |mail]|t-mobile|vodafone|airpost|"
    "thunderbird|posteo|tutanota|tuta|телефона|cep|電話|手机|手機|휴대|puhelimesta|telefonu|telefonę|mobilu|mobiele|"
    "mac|apple|watch|nexus|lenovo|asus|zte|alcatel|orange|free.fr|mail for windows|mail für windows|surface|lumia"
)

# Words of legal notices; a closing paragraph with three of them, or two and some length, is one.
DISCLAIMER_WORDS: Final = (
    "confidential|privileged|intended recipient|intended solely|intended only|addressee|disclosure|unauthori|"
    "strictly prohibited|received this|in error|delete|destroy|dissemination|virus|liability|disclaimer|notify the|"
    "vertraulich|empfänger|irrtümlich|unbefugt|nicht gestattet|vernichten|löschen|rechtlich geschützt|"
    "confidentiel|destinataire|par erreur|interdite|détruire|supprimer|confidenci|destinatari|por error|prohibid|"
    "eliminar|proibid|por engano|por erro|riservat|errore|cancellare|vietat|vertrouwelijk|geadresseerde|abusievelijk|"
    "verwijderen|verboden|poufn|adresat|omyłk|usunąć|zabronion|konfidenti|mottagare|misstag|fortrolig|modtager|"
    "ved en fejl|mottaker|ved en feil|slett|luottamuksel|vastaanottaj|důvěrn|příjemc|omylem|bizalmas|címzett|gizli|"
    "alıcı|yanlışlıkla|конфиденциаль|получател|ошибк|удалит|конфіденційн|помилк"
)
DISCLAIMER_HEADINGS: Final = _words(
    "disclaimer|confidentiality notice|confidentiality|legal notice|legal disclaimer|haftungsausschluss|"
    "vertraulichkeitshinweis|rechtlicher hinweis|wichtiger hinweis|avis de confidentialité|aviso legal|"
    "aviso de confidencialidad|avviso di riservatezza|aviso de confidencialidade|clausula de confidencialidad"
)
ENVIRONMENT_OPENERS: Final = (
    "please consider the environment|think before you print|bitte denken sie an die umwelt|denken sie an die umwelt|"
    "bitte prüfen sie, ob diese mail|pensez à l'environnement|pensez à l’environnement|antes de imprimir|"
    "prima di stampare|denk aan het milieu|tänk på miljön|tenk på miljøet|tænk på miljøet|zanim wydrukujesz|"
    "pomyśl o środowisku"
)
# A banner some companies put on top of every mail from outside.
BANNER_OPENERS: Final = (
    "caution:|caution -|warning:|[external|external email|external:|external sender|this email originated from outside|"
    "this message originated from outside|you don't often get email from|you don’t often get email from|achtung:|"
    "externe e-mail|[extern|attention :|sie erhalten nicht oft e-mails von|sie erhalten nicht häufig e-mails von"
)
BANNER_WORDS: Final = (
    "outside|external|extern|originated|unless you recogni|ausserhalb|extérieur|links|absender|"
    "learn why this is important|"
    "erfahren sie, warum"
)
