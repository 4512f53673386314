"""The words by which mail clients of some 40 languages mark a quoted, forwarded or signed-off mail. Dry: data only.

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
        "from|от кого|von|de|da|fra|från|van|od|lähettäjä|feladó|de la|expeditor|expeditorul|gönderen|kimden|от|від|"
        "від кого|"
        "отправитель|відправник|mittente|remitente|remetente|expéditeur|absender|afsender|avsändare|avsender|"
        "afzender|"
        "nadawca|odesílatel|odosielateľ|από|αποστολέας|מאת|من|dari|pengirim|từ|người gửi|发件人|寄件者|寄件人|差出人|"
        "送信元|보낸 사람|보낸사람|od koga|šalje|пошиљалац|изпращач|saatja|nuo|frá|de part de|发信人|發件人|"
        "送信者|보낸이|"
        "발신|발신자|kellelt|sūtītājs|siuntėjas|pošiljatelj|pošiljalac|шаље|од|nork|igorlea|จาก|daripada|از|فرستنده|"
        "प्रेषक|person|remitent|de/from|from/von|sender"
    ),
    SENT: (
        "sent|date|sent on|gesendet|gesendet am|datum|envoyé|envoyé le|enviado|enviado el|enviado em|enviada em|"
        "enviada|enviado a las|fecha|data|inviato|inviato il|sendt|dato|skickat|skickad|verzonden|verstuurd|wysłano|"
        "wysłane|data wysłania|lähetetty|päivämäärä|pvm|elküldve|küldve|dátum|datum odeslání|odesláno|odoslané|"
        "dátum odoslania|trimis|trimis la|dată|gönderilen|gönderildi|gönderme tarihi|gönderim tarihi|tarih|"
        "отправлено|"
        "дата|надіслано|відправлено|дата отправки|sendt dato|στάλθηκε|ημερομηνία|נשלח|תאריך|تاريخ الإرسال|التاريخ|"
        "dikirim|tanggal|đã gửi|ngày|ngày gửi|发送时间|发送日期|日期|时间|時間|寄件日期|送信日時|日付|日時|"
        "보낸 날짜|날짜|poslano|"
        "poslato|изпратено|date et heure|datum en tijd|gesendet/sent|odoslané dňa|dňa|dana|datum slanja|saadetud|"
        "kuupäev|"
        "nosūtīts|datums|išsiųsta|послато|датум|enviat|dags|dagsetning|bidaltze-data|bidalia|ส่ง|ส่งเมื่อ|วันที่|"
        "dihantar|"
        "tarikh|تاریخ|ارسال|ارسال شده|تم الإرسال|أرسلت|أُرسلت|تاريخ|भेजा गया|दिनांक|寄送時間|傳送時間|傳送日期|"
        "發送時間|發送日期|寄件時間|"
        "일시|보낸 시간|보낸시간|보낸날짜|надіслано о|отправлено в|дата и время|дата надсилання|datum/date|hora|"
        "sent at"
    ),
    TO: (
        "to|an|à|pour|para|a|per|til|till|aan|do|vastaanottaja|címzett|komu|pre|către|destinatar|destinatarul|kime|"
        "alıcı|кому|получатель|empfänger|destinataire|destinatario|destinatário|modtager|mottagare|mottaker|"
        "ontvanger|adresat|příjemce|adresát|προς|אל|לכבוד|إلى|kepada|ke|đến|tới|người nhận|收件人|收件者|宛先|送信先|"
        "받는 사람|받는사람|za|prima|до|收信人|受信者|宛て先|받는이|수신|수신자|kellele|adressaat|saaja|adresāts|"
        "kam|gavėjas|"
        "prejemnik|прима|коме|nori|hartzailea|ถึง|به|گیرنده|प्रति|प्राप्तकर्ता|per a|odbiorca|viðtakandi|delivered-to|"
        "recipient|recipients"
    ),
    CC: (
        "cc|kopie|kopie (cc)|copie|copie à|copie pour|copia|cópia|kopi|kopia|kopio|másolat|másolatot kap|kópia|dw|"
        "do wiadomości|bcc|ud|копия|копія|kopya|bilgi|κοιν|עותק|העתק|نسخة|抄送|副本|同报|참조|ｃｃ|kop|con copia|"
        "kk|amb còpia|"
        "koopia|kopija|kp|afrit|สำเนา|สำเนาถึง|tembusan|رونوشت|प्रतिलिपि|копие|密送|숨은참조|숨은 참조|blind copy|"
        "ug|skrytá kopie|rf|"
        "kopie an|kópiát kap|xerokopia"
    ),
    SUBJECT: (
        "subject|betreff|objet|sujet|asunto|oggetto|assunto|emne|ämne|onderwerp|temat|aihe|otsikko|tárgy|předmět|věc|"
        "predmet|subiect|subiectul|konu|тема|θέμα|נושא|الموضوع|موضوع|perihal|subjek|chủ đề|tiêu đề|主题|主旨|件名|"
        "제목|"
        "naslov|efni|относно|teema|tema|主題|標題|题目|題名|temats|tēma|zadeva|предмет|assumpte|gaia|เรื่อง|หัวข้อ|"
        "subjekt|"
        "विषय|الموضوع|עניין|הנדון|thema"
    ),
    REPLY_TO: (
        "reply-to|reply to|antwort an|antworten an|répondre à|responder a|rispondi a|svar til|svara till|"
        "antwoord aan|"
        "odpowiedz do|odpověď|vastausosoite|válaszcím|yanıtla|ответить|dołączona odpowiedź|antwoordadres|répondre|"
        "回复|回覆|返信先|답장|balas ke"
    ),
    OTHER: (
        "importance|wichtigkeit|priorität|priority|prioritet|sensitivity|attachments|anlagen|anhänge|allegati|"
        "pièces jointes|datos adjuntos|anexos|organization|message-id|resent-from|vedlegg|bilagor|bijlagen|"
        "załączniki|"
        "liitteet|vedhæftet|cci|категория|вложения|bilaga|when|where|mailed-by|signed-by|附件|添付ファイル|첨부|"
        "priorité|priorità|prioridad|prioridade|prioriteit|wysoki priorytet|importancia|importância|belang|"
        "vigtighed|viktighet|prioritás|důležitost|важность|重要性|重要度|cco|bilder|content-type|mime-version|"
        "x-mailer|"
        "organisation|in-reply-to|references|user-agent|mailer|return-path|list-id"
    ),
}
LABELS: Final[dict[str, str]] = {
    label: kind for kind, labels in LABELS_BY_KIND.items() for label in labels.casefold().split("|")
}

# Labels that also stand in forms and itineraries; the others ("Gesendet") only stand above a mail.
PLAIN_DATES: Final = _words(
    "date datum data fecha dato päivämäärä pvm dátum dată tarih дата ημερομηνία תאריך tanggal ngày 日期 日付 时间 "
    "時間",
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
    "reply message|ursprüngliche mail|original email|original mail|missatge original|antwort|reply above this line|"
    "original|original e-mail|ursprüngliche e-mail|mail original|mail d'origine|e-mail d'origine|courrier d'origine|"
    "courriel d'origine|message d´origine|email original|correo original|mail originale|e-mail originale|"
    "e-mail original|"
    "originele mail|originele e-mail|wiadomość źródłowa|ursprungligt brev|ursprungligt mail|"
    "ursprungligt e-postmeddelande|"
    "oprindelig mail|opprinnelig e-post|opprinnelig mail|alkuperäinen sähköposti|původní e-mail|pôvodný e-mail|"
    "izvorno sporočilo|originalna poruka|prvotno sporočilo|изворна порука|оригинална порука|първоначално съобщение|"
    "algne sõnum|algne teade|sākotnējais ziņojums|oriģinālais ziņojums|originalus laiškas|pradinis laiškas|"
    "upprunaleg skilaboð|upprunalegur póstur|jatorrizko mezua|mensaxe orixinal|ข้อความต้นฉบับ|ข้อความเดิม|mesej asal|"
    "پیام اصلی|मूल संदेश|رسالة أصلية|النص الأصلي|原始信件|原信件|原文|原始消息|原始訊息|元のメール|"
    "オリジナルメッセージ|"
    "원본 이메일|원문|исходное письмо|оригинал сообщения|вихідний лист|original-mail|orijinal ileti|"
    "orijinal e-posta|reply separator|originale nachricht|"
    "please reply above this line|please type your reply above this line|write above this line|"
    "type your response above this line|reply above this line to respond|"
    "bitte antworten sie oberhalb dieser zeile|originální zpráva|original meddelande"
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
    "tin nhắn đã chuyển tiếp|转发邮件|转发的邮件|轉寄的郵件|轉寄郵件|転送メッセージ|転送されたメッセージ|"
    "전달된 메시지|"
    "전달된 메일|proslijeđena poruka|prosleđena poruka|препратено съобщение|missatge reenviat|edastatud kiri|"
    "posredovano sporočilo|прослеђена порука|pārsūtīts ziņojums|pārsūtīta vēstule|persiųstas laiškas|"
    "persiunčiamas laiškas|framsend skilaboð|áframsent|birbidalitako mezua|mensaxe reenviada|ข้อความที่ส่งต่อ|"
    "mesej yang dimajukan|پیام هدایت شده|अग्रेषित संदेश|转发消息|轉寄訊息|轉寄信件|fwd|weitergeleitet von|"
    "transféré par"
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
    "wrote|writes|wrote the following|a écrit|écrit|a écrit ce qui suit|écrivait|escribió|escribio|ha scritto|scrive|"
    "scrisse|escreveu|geschreven|schreef het volgende|geskryf|napisał(a)|napisał|napisała|napisal(a)|napsal(a)|"
    "napsal|"
    "napsala|napísal(a)|napísal|napísala|napísal/a|napsal/a|napisal|napisala|je napisal(a)|je napisala|napisal/a|"
    "написал/а|írta|ezt írta|a következőt írta|a scris|a scris următoarele|yazdı|şunu yazdı|şunları yazdı|yazıb|"
    "написал(а)|написал|написала|написав|написала(в)|написав(ла)|пише|пишет|написа|έγραψε|έγραψαν|כתב|כתבה|כתב/ה|"
    "كتب|كتبت|كتب/كتبت|نوشت|نوشته است|menulis|đã viết|写道|寫道|写了|のメッセージ|のメール|さんは書きました|"
    "は書きました|作成|작성|님이 작성|님이 씀|이(가) 쓴 글|쓴 글|님께서 작성하신 메시지|"
    "napisao je|napisala je|je napisao/la|je napisao|napisao|napisao/la|је написао/ла|је написао|написао|написала је|"
    "va escriure|ha escrit|escribiu|kirjutas|kirjutas järgmist|skrev følgende|skrev följande|skrifaði|rašė|parašė|"
    "rakstīja|idatzi du|เขียนว่า|เขียน|ने लिखा|लिखा|লিখেছেন|geschrieben|folgendes geschrieben|scríobh"
)
MIDDLE_VERBS: Final = (
    "schrieb|skrev|schreef|kirjoitti|scripsit|pisze|napisał(a)|napisał|napisała|написал|написал(а)|пользователь|"
    "napsal(a)|napsal|napsala|napísal(a)|napísal|użytkownik|používateľ|kullanıcısı|uživatel|odesílatel|"
    "написав|írta|ezt írta|skrifaði|kirjutas|napisana przez|مكتوب من|كتب|كتبت|كتب/كتبت|تمت كتابة ما يلي بواسطة|"
    "missatge de|sinulat ni|ysgrifennodd|scríobh|escreveu (|escribió (|yazdı (|şunları yazdı (|idatzi du (|"
    "skrifaði (|lietotājs|користувач|потребител|користувача|ο χρήστης"
)
# The first word of such a line; a digit or the name of a week day does as well.
OPENERS: Final = _words(
    "on am at în le el il op den på em dne dnia w dňa në vào trong 在 于 於 la data ngày pada tanggal в на στις "
    "tarihinde dana v ב בתאריך في ที่ em: kl kl. um de il: du en lúc vị på: tiistaina þann kuupäev kuupäeval noong "
    "o o: ar ing pe missatge wiadomość день дана у ob otrd pirmd در در: ในวันที่ วันที่ vào: na dne: datum dňa: del",
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
    "середа четвер п'ятниця п’ятниця субота неділя пон вто уто сре чет пет нед понеделник вторник сряда четвъртък "
    "петък "
    "събота неделя uto sri čet pet ned tor sre ponedjeljak utorak srijeda četvrtak petak subota nedjelja ponedeljek "
    "torek sreda četrtek petek nedelja utorok streda štvrtok piatok nedeľa so pr an tr kt pn št sk es t k n r l "
    "esmaspäev teisipäev kolmapäev neljapäev reede laupäev pühapäev otrd pirmd trešd ceturtd piektd sestd svētd "
    "dg dl dt dc dj dv ds dilluns dimarts dimecres dijous divendres dissabte diumenge luns mércores xoves venres sáb "
    "senin selasa rabu kamis jumat jum'at sabtu minggu isnin khamis jumaat ahad "
    "mán þri mið fim fös lau sun τρί δευ τετ πέμ παρ σάβ κυρ "
    "सोम मंगल बुध गुरु शुक्र शनि रवि শনি রবি সোম মঙ্গল বুধ বৃহস্পতি শুক্র "
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日 周一 周二 周三 周四 周五 周六 周日 週一 週二 週三 週四 週五 "
    "週六 週日",
    None,
)
# "Quoting Jane Doe <jane@x>:" of web mailers.
QUOTING_OPENERS: Final = ("quoting ", "zitat von ", "citando ", "citat ", "cytowanie ", "citeren ", "quote ")

# "Sent from my iPhone" in the languages: an opener with a device or program after it, or a device before a closer.
FOOTER_OPENERS: Final = (
    "sent from|sent via|sent by|sent using|sent with|sent through|get outlook for|get [outlook for|get bluemail for|"
    "get the outlook|download outlook|typed on|written on my|from my |composed on|"
    "gesendet von|gesendet mit|gesendet über|gesendet aus|gesendet vom|versendet mit|versendet von|"
    "diese e-mail wurde von meinem|outlook für|outlook for|holen sie sich outlook|laden sie outlook|"
    "envoyé de mon|envoyé depuis|envoyé à partir|envoyé de|envoyé avec|envoyé par|envoyé via|envoyé du|"
    "obtenez outlook|obtenir outlook|télécharger outlook|télécharger [outlook|provenance :|"
    "enviado desde|enviado do|enviado de|enviado a partir|enviado con|enviado com|enviado pelo|enviado por|"
    "enviado via|"
    "obtener outlook|obtenga outlook|obter o outlook|obtenha o outlook|descargar outlook|"
    "inviato da|inviato dal|inviato con|inviata da|inviato tramite|scarica outlook|ottieni outlook|"
    "verzonden vanaf|verzonden via|verzonden vanuit|verzonden met|verstuurd vanaf|verstuurd met|verstuurd via|"
    "verstuurd vanuit|outlook voor|download outlook voor|wysłane z|wysłano z|wysłane za|wysłano za|wysłane przez|"
    "pobierz outlook|pobierz program outlook|pobierz aplikację outlook|"
    "skickat från|skickat med|skickat via|skickades från|hämta outlook|"
    "sendt fra|sendt via|sendt med|hent outlook|få outlook|skaff deg outlook|last ned outlook|lähetetty|lähetin|"
    "hanki outlook|odesláno z|odesláno pomocí|odeslané z|posláno z|odoslané z|odoslané pomocou|získejte outlook|"
    "získajte outlook|küldve az|küldve a |elküldve|az outlook|trimis de pe|trimis din|trimis de la|obțineți outlook|"
    "descărcați outlook|отправлено с|отправлено из|отправлено от|отправлено через|послано с|отправил с|"
    "получите outlook|скачать outlook|загрузить outlook|відправлено з|відправлено із|надіслано з|надіслано із|"
    "отримайте outlook|отримати outlook|στάλθηκε από|αποστολή από|εστάλη από|αποκτήστε το outlook|λήψη του outlook|"
    "נשלח מ|נשלח באמצעות|השג את outlook|הורד את outlook|أرسلت من|أُرسلت من|مرسل من|مُرسل من|تم الإرسال من|"
    "الحصول على outlook|ارسال شده از|فرستاده شده از|dikirim dari|dihantar dari|dapatkan outlook|unduh outlook|"
    "đã gửi từ|gửi từ|được gửi từ|tải outlook|tải xuống outlook|发自我的|發自我的|来自我的|來自我的|從我的|从我的|"
    "发自|發自|发送自|"
    "获取 outlook|下载 outlook|取得 outlook|获取适用于|取得適用於|下載適用於|下载适用于|从 windows|從 windows|"
    "ส่งจาก|रवाना किया गया|outlook を入手|iphone에서|poslano s|poslano z|poslano iz|poslano sa|poslato sa|"
    "poslato s|preuzmite outlook|prenesite outlook|изпратено от|изпратено чрез|изтеглете outlook|испратено од|"
    "послато са|enviat des|enviat amb|baixa l'outlook|saadetud|nosūtīts no|išsiųsta iš|išsiųsta naudojant|sent úr|"
    "hankige outlook|nabavite outlook|outlook'u edinin|gönderen:"
)
FOOTER_CLOSERS: Final = (
    "gesendet|versendet|geschrieben|getippt|から送信|から送信されました|に送信|で送信|を入手|傳送|传送|发送|發送|"
    "寄出|에서 보냄|에서 보냈습니다|فرستاده شد|ارسال شد|ارسال شده است|فرستاده شده است|"
    "에서 발송|에서 작성|gönderildi|gönderilmiştir|küldve|bidalia|से भेजा गया|edinin|から送信しました|下載|下载"
)
FOOTER_CLOSER_OPENERS: Final = (
    "von|diese|mit|iphone|ipad|從我的|从我的|由 |使用 |나의 |내 |az |android|mobil|samsung|outlook|yahoo|galaxy|ios|"
    "xperia|huawei|xiaomi|"
    "nire|मेरे|windows|my |au |docomo|softbank|gmail|삼성|네이버|ipod|vom|از "
)
FOOTER_DEVICES: Final = (
    "iphone|iphon|ipad|ipod|android|mobile|mobil|phone|cell|device|samsung|galaxy|htc|blackberry|windows|"
    "outlook|airmail|"
    "mailbox|yahoo|proton|gmail|huawei|xiaomi|redmi|pixel|nokia|sony|xperia|tablet|smartphone|handy|telefon|teléfono|"
    "téléphone|telefono|móvil|celular|mobiltelefon|mobilgerät|gmx|web.de|k-9|fairmail|spark|bluemail|mail.ru|"
    "outlook.com|"
    "тел|мобил|приложения|почты|aquamail|verizon|oneplus|motorola|lg |mail]|t-mobile|vodafone|airpost|"
    "thunderbird|posteo|tutanota|tuta|телефона|cep|電話|手机|手機|휴대|puhelimesta|telefonu|telefonę|mobilu|mobiele|"
    "mac|apple|watch|nexus|lenovo|asus|zte|alcatel|orange|free.fr|mail for windows|mail für windows|surface|lumia|"
    "honor|oppo|vivo|realme|poco|fold|flip|邮箱|信箱|郵件|邮件|메일|스마트폰|smartfon|telefoon|telefonom|telefón|"
    "telefonul|κινητό|הנייד|هاتف|الهاتف|جوال|موبايل|điện thoại|ponsel|handphone|yandex|яндекс|почта|ios|"
    "canary|edison|newton|superhuman|mailspring|fastmail|zoho|hey|em client|nine|boxer|laposte|web mail|webmail|"
    "roundcube|zimbra|protonmail|kindle|chromebook|pc|computer|laptop|desktop|evolution|hotmail|aol|icloud|"
    "โทรศัพท์|मोबाइल|फ़ोन"
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
    "alıcı|yanlışlıkla|конфиденциаль|получател|ошибк|удалит|конфіденційн|помилк|видалит|poista viesti|ilmoita "
    "lähettäj|gizlilik|zaslán|určen|dôvern|"
    "príjemc|omylom|vymaz|törölje|tévedés|confidențial|destinatarul|eroare|ștergeți|εμπιστευτικ|παραλήπτη|λάθος|"
    "διαγράψτε|povjerlj|primatelj|poverljiv|primalac|greškom|zaupn|prejemnik|pomotoma|поверителн|погрешка|"
    "konfidentsiaal|ekslikult|konfidenciāl|kļūdas|konfidencial|klaid|חסוי|נמען|בטעות|סרי|المرسل إليه|بالخطأ|حذف|"
    "rahasia|penerima|kesalahan|hapus|bảo mật|người nhận|nhầm|xóa|保密|机密|機密|收件人|收件者|误收|誤收|错误|"
    "錯誤|删除|刪除|"
    "秘密|宛先|誤って|削除|기밀|수신인|수신자|삭제|confidenziali|strettamente|haftung|unzulässig"
)
DISCLAIMER_HEADINGS: Final = _words(
    "disclaimer|confidentiality notice|confidentiality|legal notice|legal disclaimer|haftungsausschluss|"
    "vertraulichkeitshinweis|rechtlicher hinweis|wichtiger hinweis|avis de confidentialité|aviso legal|"
    "aviso de confidencialidad|avviso di riservatezza|aviso de confidencialidade|clausula de confidencialidad|"
    "confidential|important notice|important|privacy notice|email disclaimer|e-mail disclaimer|notice|hinweis|"
    "vertraulichkeit|rechtshinweis|avertissement|avertissement légal|mentions légales|cláusula de confidencialidad|"
    "advertencia legal|protección de datos|nota legale|informativa privacy|aviso de privacidade|aviso|"
    "vertrouwelijkheid|"
    "klauzula poufności|poufność|ansvarsfraskrivelse|ansvarsfriskrivning|sekretess|fortrolighed|upozornění|"
    "upozornenie|"
    "yasal uyarı|gizlilik bildirimi|免责声明|免責聲明|保密声明|免責事項|면책 조항|отказ от ответственности|"
    "уведомление"
)
ENVIRONMENT_OPENERS: Final = (
    "please consider the environment|think before you print|bitte denken sie an die umwelt|denken sie an die umwelt|"
    "bitte prüfen sie, ob diese mail|pensez à l'environnement|pensez à l’environnement|antes de imprimir|"
    "prima di stampare|denk aan het milieu|tänk på miljön|tenk på miljøet|tænk på miljøet|zanim wydrukujesz|"
    "pomyśl o środowisku|save paper|save a tree|before printing|p please consider|avant d'imprimer|"
    "avant d’imprimer|pensez environnement|n'imprimez ce|no imprima|por favor, considere|piense en el medio|"
    "considere o meio|pense no meio ambiente|rispetta l'ambiente|pensa all'ambiente|non stampare|bespaar papier|"
    "spara på papper|skriv bara ut|tænk på naturen|ennen kuin tulostat|než vytisknete|myslete na|kérjük, gondoljon|"
    "подумайте об окружающей|çevreye|scanned by|this email has been checked for viruses|this email has been scanned|"
    "this message has been scanned|virus-free|virenfrei|sans virus|libre de virus|livre de vírus|privo di virus|"
    "virusvrij|wolny od wirusów|diese e-mail wurde von avast|diese e-mail wurde auf viren|cet e-mail a été vérifié|"
    "l'absence de virus dans ce|este correo electrónico ha sido comprobado|"
    "este e-mail foi verificado|este email foi escaneado|questa e-mail è stata controllata|"
    "deze e-mail is gecontroleerd|ta wiadomość została sprawdzona|без вирусов|проверено на вирусы"
)
# A banner some companies put on top of every mail from outside.
BANNER_OPENERS: Final = (
    "caution:|caution -|warning:|[external|external email|external:|external sender|"
    "this email originated from outside|"
    "this message originated from outside|you don't often get email from|you don’t often get email from|achtung:|"
    "externe e-mail|[extern|attention :|sie erhalten nicht oft e-mails von|sie erhalten nicht häufig e-mails von"
)
BANNER_WORDS: Final = (
    "outside|external|extern|originated|unless you recogni|ausserhalb|extérieur|links|absender|"
    "learn why this is important|"
    "erfahren sie, warum"
)
