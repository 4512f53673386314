"""The words by which mail systems say that a mail did not arrive, in some twenty-five languages. Dry: data only.

Patterns are matched on case-folded text of limited length and cannot backtrack far (T58). A language or a mail system
is added by adding its words here, no code changes.
"""

from typing import Final

from mailproc.message.lazily import lazily

# What the From of a mail system holds somewhere: all that SYSTEM_SENDER matches has one of these in it. Looked for in
# every mail, so that those with "mail" come into play only where there is that much.
SENDER_HINTS: Final = (
    *("daemon", "deliver", "post", "bounce", "admin", "system", "mta", "router", "gateway", "imss", "interscan"),
    *("virus", "amavis", "ses.com", "amazon", "filter", "smtp", "ndr", "listserv", "majordomo", "sympa", "mailman"),
    *("returned", "почтов", "мейлер", "reply@", "transfer"),
)
MAIL_HINTS: Final = ("mailserver", "mail server", "mail service", "mail_service", "mailmaster", "internet mail")
SYSTEM_SENDER: Final = lazily(
    r"mailer[-_. ]?daemon|postmaster|post_master|post-master|mail[ ._-]?deliver|mail subsystem|mail[-_ .]?system|"
    r"mail ?server|"
    r"undeliver|bounce|mail administrator|mail[ _]service|system ?administrator|ndr administrator|mta[-_@]|"
    r"delivery (?:subsystem|service|status|agent|system)|mail(?:er)? router|message router|mailadmin|"
    r"mail[-_ ]?gateway|smtp[-_ ]gateway|smtp server|imss|interscan|mdaemon|mailmaster|mail transfer|e-?mail filter|"
    r"mailfilter|internet mail (?:service|delivery)|mail delivery|returned mail|mail returned|content[- ]filter|"
    r"antivirus|anti-virus|amavis|ses\.com|no-?reply@.{0,60}amazon|мейлер|почтов"
)
DAEMON: Final = lazily(
    r"mailer[-_. ]?daemon|mail delivery (?:sub)?system|mail deliver system|mail\.delivery\.system@"
)
NO_REPLY: Final = lazily(r"(?:no|do[-_.]?not)[-_.]?reply@")

# Subjects begin so in reports only
SUBJECT: Final = lazily(
    r"\W{0,4}(?:undeliver|failure notice|failure delivery|mail delivery (?:fail|problem|error|status|report|delay|"
    r"system|"
    r"subsystem|has failed)|message delivery (?:fail|has failed|delay|problem|error)|e-?mail delivery|"
    r"email not deliver|"
    r"delivery (?:status notification|failure|failed|has failed|has been delayed|delay|incomplete|problem|error|report|"
    r"notification|unsuccessful|of your (?:message|mail|email))|returned (?:mail|to sender|message|e-?mail)|"
    r"mail (?:error|fail|system error|returned|rejected|"
    r"could not be|undeliver|not delivered|bounced)|message (?:undeliver|could not|not delivered|was not delivered|"
    r"returned|rejected|status - undeliverable|you sent)|message non[- ]deliver|"
    r"non[- ]?deliver|nondeliver|not delivered|warning: (?:message|could not send|mail|.{0,60}user unknown)|"
    r"delayed mail|"
    r"could not (?:deliver|send)|couldn.t deliver|unable to deliver|failed delivery|failed mail|rejected:|"
    r"permanent (?:delivery )?failure|temporary (?:delivery )?failure|"
    r"error sending|there was an error sending|problem (?:delivering|sending)|bounced? (?:mail|message)|user unknown|"
    r"your (?:message|mail|email|e-mail)(?: to .{1,100})? (?:could ?n.t be|could not be|was not|wasn.t|cannot be|"
    r"has been "
    r"rejected|was rejected|is delayed|delivery)|sorry, your message|delivery to .{1,80} failed|"
    r"postfix smtp server: err|"
    r"returning message to sender|"
    r"unzustellbar|nicht zugestellt|nicht zustellbar|zustellung|zustellungs?fehler|zustellproblem|fehlgeschlagen|"
    r"fehler bei der|ihre (?:nachricht|e-?mail|mail).{0,60} konnte|mail konnte nicht|"
    r"échec de|non remis|non distribu|message non|notification d.échec|courrier non|votre message.{0,80} n.a pas|"
    r"no se (?:puede|pudo|ha podido) entregar|no entregado|error de entrega|correo no entregado|devuelto|mensaje no|"
    r"su mensaje.{0,80} no |"
    r"non recapitabile|mancato recapito|mancata consegna|recapito non riuscito|messaggio non|impossibile recapitare|"
    r"não (?:é possível entregar|entregue|foi possível)|mensagem não|falha na entrega|erro de entrega|"
    r"onbestelbaar|niet (?:te )?(?:bestel|bezorg)|bezorging mislukt|uw bericht kon niet|"
    r"niedostarcz|nie (?:można|udało się|dostarczono)|zwrot|błąd dostarcz|"
    r"olevererbart|kan inte levereras|inte levererat|leverans(?:en)? misslyckades|"
    r"kan ikke leveres|ikke levert|ikke leveret|kunne ikke leveres|leveringsfejl|leveringsfeil|oleveringsbar|"
    r"ei (?:voitu|voi|toimitettu|toimitettavissa)|toimitus epäonnistui|"
    r"nedoruč|nelze doručit|nedoručiteľné|kézbesíthetetlen|nem kézbesíthető|sikertelen kézbesítés|"
    r"imposibil de livrat|nelivra|teslim edile|iletilem|недоставлен|не ?доставлен|доставка не|сбой доставки|"
    r"ваше сообщение не|невозможно доставить|не вдалося доставити|αδύνατη η παράδοση|δεν παραδόθηκε|"
    r"配信不能|配信エラー|配達不能|送信エラー|送信不可|メールエラー|メールを配信できません|メッセージを配信できません|"
    r"メール配信|"
    r"宛先不明|不達|未送达|无法送达|无法投递|退信|系统退信|投递失败|發送失敗|退信通知|無法傳遞|無法投遞|未传递|"
    r"無法傳送|传递失败|"
    r"배달되지|배달 실패|전송 실패|반송|반송된)"
)

# Words by which a report says that a delivery failed
FAILURE: Final = lazily(
    r"not yet been delivered|error delivering|invalid final delivery|malformed address|(?:could|can|did|was|were|"
    r"has|have|"
    r"is|will) ?n(?:o|.)t be(?:en)? (?:delivered|sent|found|forwarded|reached|processed)|"
    r"(?:was|were|is|are|did) ?(?:not|n.t) (?:be )?(?:delivered|reach|received|receive|accepted|found)|"
    r"\bnot (?:been )?delivered|\bcan ?not be (?:delivered|reached)|unable to (?:deliver|send|relay|contact)|"
    r"(?:wasn.t|was not|not) able to deliver|failed to (?:deliver|send)|"
    r"could ?n(?:o|.)t (?:deliver|send|be)|(?:did not|didn.t) reach|"
    r"del[ei]very (?:to the following|to these|has failed|failed|failure|attempts|problem|error|(?:has been |is |was )?"
    r"delayed|was aborted)|"
    r"undeliverable|undelivered|permanent (?:fatal )?(?:error|failure)|fatal errors|transient non-fatal|"
    r"had delivery|following (?:address|recipient)\(?e?s?\)?(?:es)? (?:failed|had|was|were|did)|failed addresses|"
    r"failed recipients?|has been returned|returned (?:mail|to sender)|been rejected|was rejected|is rejecting|"
    r"automatically rejected|"
    r"reject(?:s|ed)? (?:your|the|by|recipient|address)|\bdelayed|temporary (?:failure|error)|"
    r"(?:user|recipient|address) not known|"
    r"no such (?:user|mailbox|recipient|address|account|person|local)|user unknown|unknown (?:user|recipient|"
    r"address|local)|"
    r"(?:user|mailbox|account|recipient|address)(?:.s mailbox)? (?:unavailable|not found|is full|full|unknown|disabled|"
    r"is disabled|suspended|inactive|"
    r"is inactive|rejected|does ?n.t exist|name is not recognized|is over quota|over quota|has exceeded|exceeds)|"
    r"quota (?:exceeded|full)|over ?quota|exceed(?:s|ed)? (?:the |his |its |their )?(?:\w+ )?(?:quota|size|limit|"
    r"storage)|"
    r"recipient (?:address )?rejected|does not exist|doesn.t (?:exist|have an?)|not listed in|no mailbox here|"
    r"invalid (?:user|recipient|address|mailbox|rcpt)|transcript of session|too many hops|error-for:|mailbox limit|"
    r"message could not|no valid recipients|unrouteable|unroutable|address unknown|host unknown|"
    r"recipients were affected|"
    r"unknown host|attempt(?:ing|ed) to (?:be )?deliver|mail system error|unsent message|failure reasons|non-delivered|"
    r"delivery status notification|status of the message|error message below|host or domain name not found|"
    r"addresses? failed|error occurred while|server rejected|refused to (?:accept|talk)|relaying denied|"
    r"address not found|access denied|connection (?:refused|timed out)|did not like our|delivery failed|deferred|"
    r"mailbox exceeds|mailbox is full|is not a valid|rejected recipient|no longer (?:valid|available|on server)|"
    r"does not (?:like|accept)|has not been (?:sent|accepted)|was (?:bounced|blocked|undeliverable)|"
    r"(?:domain|group|list).{0,40}(?:does not|doesn.t|may not) exist|account is disabled|reasons?: |"
    # de
    r"nicht (?:an .{1,80} )?(?:zugestellt|übermittelt|ausgeliefert|gesendet|gefunden|zustellbar|erreicht)|unzustellbar|"
    r"zustellung.{0,60}(?:fehlgeschlagen|nicht möglich|gescheitert|verzögert)|fehler bei der|postfach.{0,20}voll|"
    r"unbekannter (?:empfänger|benutzer)|empfänger.{0,40}(?:unbekannt|abgelehnt|existiert nicht)|"
    # fr
    r"n.a(?: pas)? (?:pu|pas pu|pas été) (?:être )?(?:remis|délivré|distribué|envoyé)|n.a pas été (?:remis|"
    r"délivré|distri)|"
    r"impossible de (?:remettre|distribuer|délivrer)|échec de (?:la )?(?:remise|distribution|livraison)|"
    r"(?:adresse|utilisateur|destinataire).{0,30}(?:inconnue?|introuvable)|"
    # es, ca
    r"no se (?:ha podido|pudo|puede|ha) (?:entregar|enviar|encontr|entregado)|no ha podido (?:ser )?entreg|"
    r"no (?:fue|ha sido|pudo ser) entregad|error de entrega|"
    r"usuario desconocido|buzón.{0,30}(?:lleno|no existe)|no s.ha pogut (?:lliurar|entregar)|"
    # it
    r"non è stato possibile (?:recapitare|consegnare|inviare)|impossibile recapitare|recapito non riuscito|"
    r"non è stat[oa] (?:recapitat|consegnat)|utente sconosciuto|casella.{0,20}piena|"
    # pt
    r"não (?:pôde|pode|foi|p.de) (?:ser )?entregue|não foi possível (?:entregar|enviar)|falha na entrega|"
    r"caixa.{0,30}cheia|usuário desconhecido|"
    # nl
    r"niet (?:worden )?(?:bezorgd|afgeleverd|bestelbaar)|bezorging.{0,60}mislukt|onbestelbaar|"
    # pl
    r"nie (?:mogła|może|można|została|udało się) (?:być |zostać )?dostarcz|dostarczenie.{0,80}nie powiodło|niedostarcz|"
    # Nordic
    r"kun(?:ne|de) (?:ikke|inte) lever|(?:mislykkedes|mislyktes|misslyckades)|gick inte att (?:leverera|skicka)|"
    r"(?:ikke|inte) (?:bli )?lever(?:t|et|at|ats)|ei (?:voitu|voida|voi|voinut) toimit|toimitus epäonnistui|"
    # cs, sk, hu, ro, tr, el
    r"nelze doručit|nebyla? doruč|doručení.{0,60}nezdařilo|nepodarilo (?:sa )?doruč|nem (?:sikerült|kézbesít|lehet)|"
    r"nu a putut fi (?:livrat|trimis)|livrarea.{0,60}nu a reușit|teslim edil|iletilem|ulaştırılamadı|"
    r"δεν (?:ήταν δυνατή|παραδόθηκε|μπόρεσε)|παράδοση απέτυχε|"
    # ru, uk
    r"не (?:может быть|было|был|удалось|удается|удаётся) (?:быть )?достав|недоставлен|сбой доставки|не доставлено|"
    r"не вдалося доставити|не було доставлено|"
    # ja, zh, ko
    r"送信でき|送信することができ|配信でき|配信に失敗|配信されませんでした|配信不能|届けることができ|送信に失敗|"
    r"配送でき|配達でき|配達されません|送れません|エラー|"
    r"存在しない|見つかりません|受信を拒否|宛先不明|无法投递|无法送达|无法传递|无法发送|未能送达|未送达|退信|投递失败|被退回|"
    r"被拒绝|無法傳遞|無法投遞|無法寄送|無法送達|傳送失敗|배달되지|배달하지|배달할 수|전송되지|전송할 수|반송|전달되지|"
    # he, ar, id, vi
    r"לא (?:ניתן|נמסר)|המסירה נכשלה|تعذر|فشل التسليم|tidak (?:dapat|bisa) (?:dikirim|terkirim)|gagal dikirim|"
    r"không (?:thể|gửi) (?:gửi|chuyển|được)|"
    r"\b5[0-7]\d[ -]|\b[45]\.[0-7]\.[0-9]"
)
# Nobody has given up yet, whatever the answers of the other side were
RETRYING: Final = lazily(
    r"\bdelayed|still being retried|will (?:continue to|keep) (?:retry|try)|(?<!not )continue trying|will be retried|"
    r"keep trying|"
    r"not yet been (?:delivered|sent)|do not need to resend|don.t need to resend|no action is required|"
    r"warning message only|transient non-fatal|will retry|still in the queue|do not resend|"
    r"could not send message for past|delivery attempts will continue|this is (?:just |only )?a warning|"
    r"will be made for|"
    r"will try (?:again|to deliver)|"
    r"verzögert|wird weiterhin versucht|retardé|nouvelle tentative|retrasad|se seguirá intentando|ritardat|atrasad|"
    r"vertraagd|opóźnion|försenad|forsinket|viivästy|zpožděn|késik|întârziat|gecik|задержан|отложен|затрима|"
    r"遅延|遅れて|再送を試|再送信を試|再試行し|延迟|延遲|지연"
)
TEMPORARY: Final = lazily(
    r"temporary (?:failure|error|problem)|temporarily|\bdeferred|retry time not reached|vorübergehend|temporairement|"
    r"temporalmente|temporaneamente|temporariamente|tijdelijk|tymczasow|tillfällig|midlertidig|tilapäi|dočasn|átmeneti|"
    r"временн|тимчасов|一時的|暂时|暫時|일시적"
)
GIVEN_UP: Final = lazily(
    r"permanent|giv(?:en|ing) up|will not (?:be re|re|try|continue)|has failed|fatal error|"
    r"couldn.t be delivered to|no longer (?:try|attempt)|"
    r"retry timeout exceeded|retry time ?out|expired|too long|not be (?:re)?tried|no further (?:delivery )?attempts|"
    r"stop(?:ped)? trying|maximum (?:number of )?(?:retries|attempts)|after \d+ (?:hours|days|attempts)|"
    r"was aborted|cannot send message for|endgültig|définitiv|definitiv"
)
TRANSIENT_WORDS: Final = ("transient", "warning", "will be retried", "will retry", "continue")

# Programs speak so in their first lines; people who tell of a report do not
PROGRAM: Final = lazily(
    r"error message below|message details:|this is the [a-z0-9_. -]{0,60}(?:program|mail system|mailer|mail agent|"
    r"mail server|machine generated)|(?:message|mail|report|notification) (?:was|has been|is) (?:created |"
    r"generated |sent )?"
    r"automatically|automatically (?:generated|created) |automatic (?:message|notification)|do not reply to this|"
    r"transcript of session|generating server|reporting-mta|final-recipient|message from [a-z0-9.-]{3,80}\.?$|"
    r"rcpt to:|^hi\. this is|this report relates to|is an automat|delivery has failed to these|"
    r"following (?:address|recipient)\(?e?s?\)?(?:es)? (?:failed|had|was|were)|the mail system$|"
    r"diagnostic information for|"
    r"informations de diagnostic|diagnoseinformationen|información de diagnóstico|informazioni di diagnostica"
)

# The returned mail begins below one of these lines
COPY: Final = lazily(
    r"[-=_* |<>#~]{2,}.{0,12}(?:below this line is|this is (?:a|the) copy|copy of (?:the|your)|original message|"
    r"returned (?:mail|message)|next line is a copy|"
    r"message (?:header|text|body|headers|contents?)|unsent message|undelivered message|header of the|"
    r"start of returned|"
    r"header and top|"
    r"the (?:header|headers) of the original|the body of the message|returned copy|original (?:mail|header)|"
    r"message follows|included is a copy|non-delivered message|headers of the|failed message|rejected message|"
    r"ursprüngliche nachricht|message d.origine|mensaje original|messaggio originale|mensagem original|原始邮件|"
    r"元のメッセージ|исходное сообщение|oryginalna wiadomość)|"
    r"(?:here is a copy of|included is a copy of|a copy of the original message|below is (?:a copy of )?the original|"
    r"below is a copy|below this line is a copy|"
    r"original message (?:follows|headers|attached|below|details|header)|original message\s*:|message headers? follow|"
    r"the following is a copy|----- original|--- original|-------original (?:message|mail)|received: (?:from|by) |"
    r"return-path:|header of the (?:original|source)|old message:|your message reads|"
    r"the (?:returned|original) message (?:is|follows|headers|header)|returned message follows|"
    r"(?:ursprüngliche|original)[- ]?nachrichtenk|en-têtes (?:de|du) message|encabezados (?:de|del) mensaje|"
    r"intestazioni (?:originali )?del|cabeçalhos da mensagem|oorspronkelijke berichtkop|oryginalne nagłówki|"
    r"ursprungliga meddelande|oprindelige (?:meddelelses|brevhoved)|opprinnelige meldings|alkuperäisen viestin|"
    r"původní (?:záhlaví|hlavičky)|az eredeti üzenet|anteturile mesajului|özgün ileti|исходные заголовки|"
    r"元のメッセージ|オリジナルメッセージ|原始邮件头|原始郵件標頭|原始消息|원본 메시지)"
)
