"""Tests that the reports of the mail systems of the world are understood, each in the words that it uses."""

import pytest

from mailproc.message.parse import parse
from mailproc.records.mail import Bounce, MailClass

OURS = "<t.482170.3.k7q2m4tx@desk.test>"
COPY = (
    f"Received: from desk.test by mx.desk.test; Tue, 3 Nov 2026 10:15:00 +0100\nMessage-ID: {OURS}\n"
    "From: Desk <desk@desk.test>\nTo: jo@x.test\nSubject: Your case\nDate: Tue, 3 Nov 2026 10:15:00 +0100\n\nHello\n"
)
DAEMON = "MAILER-DAEMON@mx.x.test (Mail Delivery System)"
POST = "Postmaster <postmaster@mx.x.test>"

# name: (From, Subject, text, permanent, status, has the original id)
SYSTEMS: dict[str, tuple[str, str, str, bool, str, bool]] = {
    "courier": (
        "Courier mail server at mx.x.test <postmaster@mx.x.test>",
        "NOTICE: mail delivery status.",
        "This is a delivery status notification from mx.x.test,\nrunning the Courier mail server, version 0.65.2.\n\n"
        "The original message was received on Tue, 3 Nov 2026 10:15:00 +0900\nfrom desk.test (desk.test "
        "[192.0.2.9])\n\n"
        "---------------------------------------------------------------------------\n\n"
        "                           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:"
        "\n\n<jo@x.test>:\n    mx.y.test [192.0.2.1]:\n>>> RCPT TO:<jo@x.test>\n<<< 550 5.1.1 <jo@x.test>... User "
        "Unknown\n\n"
        "---------------------------------------------------------------------------\n\n"
        "If your message was also sent to additional recipients, their delivery\nstatus is not included in this "
        "report.\n",
        True, "5.1.1", False,
    ),
    "domino": (
        POST, "DELIVERY FAILURE: User jo (jo@x.test) not listed in Domino Directory",
        "Your message\n\n  Subject: Your case\n\nwas not delivered to:\n\n  jo@x.test\n\nbecause:\n\n"
        "  User jo (jo@x.test) not listed in Domino Directory\n",
        True, "", False,
    ),
    "notes": (
        POST, "Undeliverable message",
        "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\njo@x.test\n\n\n"
        f"------- Returned Message --------\n\n{COPY}",
        True, "", True,
    ),
    "dragonfly": (
        "MAILER-DAEMON <>", "Mail delivery failed",
        "This is the DragonFly Mail Agent v0.13 at mx.x.test.\n\nThere was an error delivering your mail to "
        "<jo@x.test>.\n\n"
        "mx.y.test [192.0.2.1] did not like our RCPT TO:\n552 5.2.2 <jo@x.test>: Recipient address rejected: "
        "Mailbox full\n\n"
        f"Original message headers follow.\n\n{COPY}",
        True, "5.2.2", True,
    ),
    "ionos": (
        "Mail Delivery System <mailer-daemon@kundenserver.test>", "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered "
        "to\none or more of its recipients. The following addresses\nfailed:\n\n<jo@x.test>\n\n    Mail size limit "
        "exceeded."
        "\n\nFor explanation visit\nhttp://postmaster.test/error-messages?ip=1\n\n\n--- The header of the original "
        "message is "
        f"following. ---\n\n{COPY}",
        True, "", True,
    ),
    "gmx": (
        "GMX Mailer Daemon <mailer-daemon@gmx.test>", "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to\n"
        "one or more of its recipients. This is a permanent error. The following address\nfailed:\n\n\"jo@x.test\":\n"
        "SMTP error from remote server after RCPT command:\nhost: mx.x.test\n5.1.1 <jo@x.test>... User Unknown\n\n"
        f"--- The header of the original message is following. ---\n\n{COPY}",
        True, "5.1.1", True,
    ),
    "exchange 5.5": (
        "System Administrator <postmaster@x.test>", "Undeliverable: Your case",
        "Your message\n\n  To:      jo@x.test\n  Subject: Your case\n  Sent:    Tue, 3 Nov 2026 10:15:00 +0100\n\n"
        "did not reach the following recipient(s):\n\njo@x.test on Tue, 3 Nov 2026 10:15:05 +0100\n"
        "    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=us;a= ;p=x;l=MX-0611\n"
        "    MSEXCH:IMS:X:HQ:MX 0 (000C05A6) Unknown Recipient\n",
        True, "", False,
    ),
    "exchange 5.5 x.400": (
        "System Administrator <postmaster@x.test>", "Undeliverable: Your case",
        "Your message\n\n  To:      desk@desk.test\n  Subject: Your case\n\ndid not reach the following "
        "recipient(s):\n\n"
        "c=US;a= ;p=X;o=HQ;dda:SMTP=jo@x.test; on Tue, 3 Nov 2026 10:15:05 +0100\n    The recipient name is not "
        "recognized\n",
        True, "", False,
    ),
    "exchange german": (
        "Systemadministrator <postmaster@x.test>", "Unzustellbar: Ihr Fall",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\nJo Doe (jo@x.test)\n"
        "Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.\n\nDiagnoseinformationen für Administratoren:\n\n"
        "Generierender Server: mx.x.test\n\njo@x.test\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\n"
        f"Ursprüngliche Nachrichtenkopfzeilen:\n\n{COPY}",
        True, "5.1.1", True,
    ),
    "exchange french": (
        "Microsoft Outlook <postmaster@x.test>", "Non remis : Votre dossier",
        "Échec de la remise pour ces destinataires ou groupes :\n\njo@x.test<mailto:jo@x.test>\nL'adresse de "
        "messagerie que "
        "vous avez entrée est introuvable.\n\nInformations de diagnostic pour les administrateurs :\n\n"
        "Serveur de génération : mx.x.test\n\njo@x.test\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\n"
        f"En-têtes de message d'origine :\n\n{COPY}",
        True, "5.1.1", True,
    ),
    "office 365": (
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@x.test>", "Undeliverable: Your case",
        "Your message to jo@x.test couldn't be delivered.\n\njo wasn't found at x.test.\n\nDESK\tOffice 365\tjo\n"
        "Action Required\t\t\tRecipient\n\nUnknown To address\n\n\nError Details\nReported error:\t550 5.1.10 "
        "RESOLVER.ADR.RecipientNotFound; Recipient jo@x.test not found by SMTP address lookup\n"
        f"DSN generated by:\tmx.x.test\n\nOriginal Message Details\n\n{COPY}",
        True, "5.1.10", True,
    ),
    "imail": (
        POST, "Undeliverable Mail",
        f"unknown user: jo@x.test\n\nOriginal message follows.\n\n{COPY}",
        True, "", True,
    ),
    "imail host": (
        POST, "Undeliverable Mail",
        f"Unknown host: jo@x.test\n\nOriginal message follows.\n\n{COPY}",
        True, "", True,
    ),
    "imail full": (
        POST, "Undeliverable Mail",
        f"User mailbox exceeds allowed size: jo@x.test\n\nOriginal message follows.\n\n{COPY}",
        True, "", True,
    ),
    "interscan": (
        "InterScan MSS <postmaster@x.test>", "Mail could not be delivered",
        "Unable to deliver message to <jo@x.test>\n\nMessage from InterScan Messaging Security Suite\n\n"
        "Sent >>> RCPT TO:<jo@x.test>\nReceived <<< 550 5.1.1 <jo@x.test>... user unknown\n\n"
        f"****************  End of message  ***************\n\n{COPY}",
        True, "5.1.1", True,
    ),
    "mxlogic": (
        "Mail Delivery System <MAILER-DAEMON@x.test>", "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software (TheServer).\n\nA message that you have "
        "sent could not "
        "be delivered to one or more recipients.  This is a permanent error.  The following address failed:\n\n"
        f"  <jo@x.test>: 550 5.1.1 <jo@x.test>... User Unknown\n\nIncluded is a copy of the message header:\n\n{COPY}",
        True, "5.1.1", True,
    ),
    "mailfoundry": (
        DAEMON, "Message delivery has failed",
        "The following message could not be delivered.\n\nUnable to deliver message to: <jo@x.test>\nDelivery "
        "failed for the "
        "following reason:\nServer mx.y.test[192.0.2.2] failed with: 550 <jo@x.test> No such user here\n\n"
        "This has been a permanent failure.  No further delivery attempts will be made.\n\n----- Original message "
        f"-----\n{COPY}",
        True, "", True,
    ),
    "mailmarshal": (
        POST, 'Undeliverable Mail: "Your case"',
        "Your message:\n    From:    desk@desk.test\n    Subject: Your case\n\nCould not be delivered because of\n\n"
        "550 5.1.1 User unknown\n\nThe following recipients were affected:\n    jo@x.test\n\nAdditional Information\n"
        "======================\nOriginal Sender:    <desk@desk.test>\nSender-MTA:         <10.10.10.10>\n",
        True, "5.1.1", False,
    ),
    "mcafee": (
        "McAfee Gateway <postmaster@x.test>", "Message undeliverable",
        "--- The following addresses had delivery problems ---\n\n<jo@x.test>   (User unknown jo@x.test)\n\n"
        f"-------- Original message --------\n{COPY}",
        True, "", True,
    ),
    "sun messaging": (
        "Internet Mail Delivery <postmaster@x.test>", "Delivery Notification: Delivery has failed",
        f"This report relates to a message you sent with the following header fields:\n\n  Message-id: {OURS}\n"
        "  Date: Tue, 03 Nov 2026 10:15:00 +0100\n  From: Desk <desk@desk.test>\n  To: jo@x.test\n  Subject: Your "
        "case\n\n"
        "Your message cannot be delivered to the following recipients:\n\n  Recipient address: jo@x.test\n"
        "  Reason: Remote SMTP server has rejected address\n  Diagnostic code: smtp;550 5.1.1 <jo@x.test>... User "
        "Unknown\n"
        "  Remote system: dns;mx.y.test (TCP|192.0.2.1|45000|192.0.2.2|25)\n",
        True, "5.1.1", True,
    ),
    "m-filter": (
        "<>", "failure notice",
        f"jo@x.test\n\n-------server message \n550 5.1.1 unknown user <jo@x.test>\n\n-------SMTP command \nDATA\n\n"
        f"-------original message \n{COPY}",
        True, "5.1.1", True,
    ),
    "opensmtpd": (
        "Mailer Daemon <MAILER-DAEMON@x.test>", "Delivery status notification: error",
        "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.\n\n"
        "    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\n"
        f"jo@x.test: 550 5.2.2 <jo@x.test>... Mailbox Full\n\n    Below is a copy of the original message:\n\n{COPY}",
        True, "5.2.2", True,
    ),
    "powermta": (
        DAEMON, "Delivery report",
        "Hello, this is the mail server on mx.x.test.\n\nI am sending you this message to inform you on the "
        "delivery status of "
        "a\nmessage you previously sent.  Immediately below you will find a list of\nthe affected recipients;  also "
        "attached is a\n"
        "Delivery Status Notification (DSN) report in standard format, as\nwell as the headers of the original "
        "message.\n\n"
        "  <jo@x.test>  delivery failed; will not continue trying\n",
        True, "", False,
    ),
    "surfcontrol": (
        "SurfControl E-mail Filter <postmaster@x.test>", "Message non-deliverable",
        "Your message could not be sent.\nA transcript of the attempts to send the message follows.\nThe number of "
        "attempts made: 1\n"
        "Addressed To: jo@x.test\n\nTue 3 Nov 2026 10:15:00 +0100\nFailed to send to identified host,\n"
        "jo@x.test: [192.0.2.5], 550 jo@x.test... No such user\n\n--- Message non-deliverable.\n",
        True, "", False,
    ),
    "old sendmail": (
        "Mail Delivery Subsystem <MAILER-DAEMON@x.test>", "Returned mail: User unknown",
        "   ----- Transcript of session follows -----\n... while talking to mx.y.test.:\n>>> RCPT To:<jo@x.test>\n"
        "<<< 550 5.1.1 <jo@x.test>... User Unknown\n550 jo@x.test... User unknown\n\n   ----- Unsent message "
        f"follows -----\n{COPY}",
        True, "5.1.1", True,
    ),
    "sendmail": (
        "Mail Delivery Subsystem <MAILER-DAEMON@x.test>", "Returned mail: see transcript for details",
        "The original message was received at Tue, 3 Nov 2026 10:15:00 +0100\nfrom localhost [127.0.0.1]\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n<jo@x.test>\n    (reason: 550 5.1.1 "
        "<jo@x.test>... "
        "User Unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.y.test.:\n>>> DATA\n"
        f"<<< 550 5.1.1 <jo@x.test>... User Unknown\n\n   ----- Original message follows -----\n\n{COPY}",
        True, "5.1.1", True,
    ),
    "sendmail warning": (
        "Mail Delivery Subsystem <MAILER-DAEMON@x.test>", "Warning: could not send message for past 4 hours",
        "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
        "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n    **********************************************\n\n"
        "The original message was received at Tue, 3 Nov 2026 10:15:00 +0100\n\n"
        "   ----- The following addresses had transient non-fatal errors -----\n<jo@x.test>\n\n"
        "   ----- Transcript of session follows -----\n<jo@x.test>... Deferred: Connection timed out with mx.y.test.\n"
        "Warning: message still undelivered after 4 hours\nWill keep trying until message is 5 days old\n",
        False, "", False,
    ),
    "exim warning": (
        "Mail Delivery System <Mailer-Daemon@x.test>", "Warning: message 1kZx9A-0001Ab-CD delayed 24 hours",
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet "
        "been delivered "
        "to one or more of its\nrecipients after more than 24 hours on the queue on mx.x.test.\n\n"
        "The message identifier is:     1kZx9A-0001Ab-CD\nThe subject of the message is: Your case\n\n"
        "The address to which the message has not yet been delivered is:\n\n  jo@x.test\n    Delay reason: "
        "Connection timed out\n\n"
        "No action is required on your part. Delivery attempts will continue for\nsome time, and this warning may "
        "be repeated\n",
        False, "", False,
    ),
    "gmail delay": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.test>", "Delivery Status Notification (Delay)",
        "This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\n"
        "YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n     "
        "jo@x.test\n\n"
        f"Message will be retried for 2 more day(s)\n\n----- Original message -----\n\n{COPY}",
        False, "", True,
    ),
    "gmail old": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.test>", "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n\n     jo@x.test\n\nTechnical details of "
        "permanent failure: \n"
        "Google tried to deliver your message, but it was rejected by the recipient domain. The error that the "
        "other server "
        "returned was: 550 550 5.2.2 <jo@x.test>... Mailbox Full (state 14).\n\n"
        f"   ----- Original message -----\n\n{COPY}",
        True, "5.2.2", True,
    ),
    "vtext": (
        "post_master@vtext.test", "Re:Your case",
        "Error: Invalid user address\n\nError message below:\n550 - Requested action not taken: no such user here\n\n"
        "Message details:\n  Subject: Your case\n  Sent date: Tue Nov 03 10:15:00 GMT 2026\n  MAIL FROM: "
        "desk@desk.test\n"
        "  RCPT TO: jo@x.test\n  From: desk@desk.test\n  Size (in bytes): 39\n",
        True, "", False,
    ),
    "mms": (
        "MMSC NDR Administrator <sysadmin@mms.test>", "Undeliverable Message",
        "Message could not be delivered to mobile.\nError: No valid recipients for this MM\n\nOriginal "
        f"Message:\n{COPY}",
        True, "", True,
    ),
    "au": (
        "no-reply@mobile.test", "メールエラー通知",
        "送信先のメールボックスが一杯のため、送信できませんでした。\n\n"
        "Your mail sent on: Tue, 3 Nov 2026 10:15:00 +0900\n"
        "     Could not be delivered to: <jo@x.test>\n     As their mailbox is full.\n\n----- Original message "
        f"-----\n{COPY}",
        True, "", True,
    ),
    "docomo": (
        "Mail Delivery Subsystem <MAILER-DAEMON@docomo.test>", "Returned mail: User unknown",
        "The original message was received at Tue, 3 Nov 2026 10:15:00 +0900\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n<jo@x.test>\n\n"
        "   ----- Transcript of session follows -----\n... while talking to mfsmax.docomo.test.:\n>>> DATA\n"
        "<<< 550 Unknown user jo@x.test\n554 5.0.0 Service unavailable\n",
        True, "5.0.0", False,
    ),
    "ezweb": (
        "Mail Administrator <Postmaster@ezweb.test>", "Mail System Error - Returned Mail",
        "次のあて先へのメッセージはエラーのため送信できませんでした。\n\n送信先メールアドレスが見つかりませんでした。\n"
        "メールアドレスをご確認の上、再送信してください。\n\n<jo@x.test>: 550 <jo@x.test>: User unknown\n",
        True, "", False,
    ),
    "x1": (
        '"Mail Deliver System" <MAILER-DAEMON>', "Returned Mail: User unknown",
        "The original message was received at Tue, 3 Nov 2026 10:15:00 +0900 (JST)\nfrom desk@desk.test\n\n"
        "---The following addresses had delivery errors---\n\njo@x.test [User unknown]\n",
        True, "", False,
    ),
    "x2": (
        DAEMON, "Delivery failure",
        "Message from x.test.\nUnable to deliver message to the following address(es).\n\n<jo@x.test>:\n"
        f"This user doesn't have a x.test account (jo@x.test) [0]\n\n--- Original message follows.\n\n{COPY}",
        True, "", True,
    ),
    "x3": (
        "Mail Delivery System <mail.delivery.system@mx.x.test>", "Delivery status notification",
        f"{'=' * 76}\n      This is an automatically generated Delivery Status Notification.      \n\n"
        f"Delivery to the following recipients failed permanently:\n\n  * jo@x.test\n\n\n{'=' * 76}\n"
        f"{'Technical details:':^76}\n\nSMTP:RCPT host 192.0.2.8: 553 5.3.0 <jo@x.test>... No such user "
        f"here\n\n\n{'=' * 76}\n",
        True, "5.3.0", False,
    ),
    "x6": (
        "Mail Delivery Subsystem <postmaster@x.test>", "There was an error sending your mail",
        "We had trouble delivering your message. Full details follow:\n\nSubject: 'Your case'\nDate: 'Tue, 3 Nov "
        "2026'\n\n"
        "1 error(s):\n\nSMTP Server <mx.y.test> rejected recipient <jo@x.test> \n  (Error following RCPT command). "
        "It responded as "
        f"follows: [550 5.1.1 <jo@x.test>... User Unknown]v\n\nEvery copy.\n\n--- Original message ---\n{COPY}",
        True, "5.1.1", True,
    ),
    "zoho": (
        "MAILER-DAEMON@mail.zoho.test", "Undelivered Mail Returned to Sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to one "
        "or more of its recipients. This is a permanent error.\n\njo@x.test Invalid Address, ERROR_CODE :550, "
        "ERROR_CODE :5.1.1 "
        f"<jo@x.test>... User Unknown\n\n\nReceived:from mail.zoho.test by mx.zoho.test\n{COPY}",
        True, "5.1.1", True,
    ),
    "t-online": (
        DAEMON, "Mail failed, returning to sender",
        "|------------------------- Message log follows: -------------------------|\n no valid recipients were "
        "found for this "
        "message\n|------------------------- Failed addresses follow: ---------------------|\n <jo@x.test> ... "
        "unknown user\n"
        f"|------------------------- Message header follows: ----------------------|\n{COPY}",
        True, "", True,
    ),
    "mailru": (
        "MAILER-DAEMON@corp.mail.test", "Ваше сообщение не доставлено. Mail failure.",
        "Это письмо создано автоматически\nсервером Mail.Ru, отвечать на него не\nнужно.\n\nК сожалению, Ваше "
        "письмо не может\n"
        "быть доставлено одному или нескольким\nполучателям:\n\n**********************\n\nThis message was created "
        "automatically "
        "by mail delivery software.\n\nA message that you sent could not be delivered to one or more of "
        "its\nrecipients. This is a "
        "permanent error. The following address(es) failed:\n\n  jo@x.test\n    Unrouteable "
        "address\n\n**********************\n\n"
        f"----- Original message -----\n{COPY}",
        True, "", True,
    ),
    "qq": (
        "PostMaster@qq.test", "系统退信",
        "抱歉，您的邮件被退回来了……\n原邮件信息：\n"
        "时间 2026-11-03 10:15:00\n主题 Your case\n收件人 jo@x.test\n退信原因：\n"
        "收件人邮件地址（jo@x.test）不存在，邮件无法送达。\n"
        "host mx.x.test said: 550 5.1.1 User unknown (in reply to RCPT TO command)\n",
        True, "5.1.1", False,
    ),
    "163": (
        "Postmaster@163.test", "系统退信",
        "您的邮件未能送达以下收件人：\njo@x.test\nUser not found\nSMTP error, RCPT TO: 550 User not found: jo@x.test\n",
        True, "", False,
    ),
    "novell": (
        "Mailer-Daemon@x.test", "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\tjo@x.test (jo@x.test)\n\n"
        "Possibly truncated original message follows:\n",
        True, "", False,
    ),
    "merak": (
        "System Administrator <postmaster@x.test>", "Delivery failure (jo@x.test)",
        "Your message has encountered delivery problems\nto the following recipient(s):\n\njo@x.test\nUser unknown: "
        "jo@x.test\n"
        f"\nYour message reads (in part):\n\n{COPY}",
        True, "", True,
    ),
    "mailenable": (
        POST, "Message Delivery Failure",
        "Message could not be delivered to some recipients.\nThe following recipient(s) could not be reached:\n\n"
        "\tRecipient: [SMTP:jo@x.test]\n\tReason: Remote SMTP Server Returned: 550 No such user\n\n\n"
        f"Message headers follow:\n\n{COPY}",
        True, "", True,
    ),
    "lsmtp": (
        '"LSMTP for Windows NT v1.1b" <POSTMASTER@x.test>', "Undelivered mail",
        "The enclosed message, found in the mailer queue, could not be delivered:\n\n--> Error "
        "description:\nError-for:  jo@x.test\n"
        "Error-Code: 3\nError-Text: No such user.\n\nError-End:  One error reported.\n\n--- Original message "
        f"---\n{COPY}",
        True, "", True,
    ),
    "mdaemon": (
        "MDaemon@x.test", "MDaemon Warning - Delivery failed permanently",
        "--------------------------------------------------------------\n MDaemon has detected that the following "
        "message\n"
        "could not be delivered: \n\nThe following addresses did NOT receive a copy of your message:\n\n> jo@x.test\n\n"
        "--- Session Transcript ---\n Attempting SMTP connection\n RCPT To:<jo@x.test>\n 550 Recipient "
        "unknown\n--- End Transcript ---\n"
        f": Message contains [1] file attachments\n--- original message ---\n{COPY}",
        True, "", True,
    ),
    "hotpop": (
        "MAILER-DAEMON@x.test (Mail Delivery System)", "Undelivered Mail Returned to Sender",
        "This is the Postfix program.\n\nUndeliverable Address: jo@x.test\nReason: This account is over its quota\n\n"
        "Original message attached\n",
        True, "", False,
    ),
    "eyou": (
        "MAILER-DAEMON@x.test", "failure notice",
        "Hi. This is the deliver program at x.test.\nI'm afraid I wasn't able to deliver your message to the "
        "following addresses.\n"
        f"This is a permanent error; I've given up. Sorry it didn't work out.\n\njo@x.test\nuser does not exist\n\n"
        f"--- Attachment is a copy of the message.\n{COPY}",
        True, "", True,
    ),
    "facebook": (
        "Facebook <mailer-daemon@mx.facebook.test>", "Sorry, your message could not be delivered",
        "This message was created automatically by Facebook.\n\nSorry, your message could not be delivered to the "
        "following "
        "recipients:\n\njo@x.test: 550 5.1.1 RCP-P1 https://www.facebook.test/postmaster/response_codes?ip=192.0.2.1\n",
        True, "5.1.1", False,
    ),
    "ezmlm only": (
        "MAILER-DAEMON@lists.x.test", "failure notice",
        "Hi. This is the qmail-send program at lists.x.test.\nI'm afraid I wasn't able to deliver your message to "
        "the following "
        "addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<jo@x.test>:\n"
        f"Sorry, only subscribers may post. (#5.7.2)\n\n--- Below this line is a copy of the message.\n\n{COPY}",
        True, "5.7.2", True,
    ),
    "kerio": (
        "Mail Delivery Subsystem <postmaster@x.test>", "Undeliverable: Your case",
        "Message could not be delivered to the following recipient(s):\n  jo@x.test\nReason: 550 5.1.1 User unknown\n",
        True, "5.1.1", False,
    ),
    "barracuda": (
        "Barracuda Gateway <postmaster@x.test>", "**Message you sent blocked by our bulk email filter**",
        "Your message to: jo@x.test\nwas blocked by our Spam Firewall. The email you sent with the following "
        "subject has NOT BEEN "
        "DELIVERED:\n\nSubject: Your case\n",
        True, "", False,
    ),
}  # fmt: skip


def _write(from_: str, subject: str, text: str, return_path: str, newline: str = "\n") -> bytes:
    head = (
        f"Return-Path: {return_path}\nFrom: {from_}\nTo: desk@desk.test\nSubject: {subject}\n"
        "Message-ID: <r1@mx.x.test>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n\n"
    )
    return (
        (head if return_path else head.partition("\n")[2]).encode() + text.encode()
        if newline == "\n"
        else ((head if return_path else head.partition("\n")[2]) + text).replace("\n", newline).encode()
    )


def _read(name: str, return_path: str = "<>", newline: str = "\n") -> Bounce | None:
    from_, subject, text, *_ = SYSTEMS[name]
    return parse(_write(from_, subject, text, return_path, newline)).bounce


@pytest.mark.parametrize("return_path", ["<>", ""])
@pytest.mark.parametrize("name", SYSTEMS)
def test_report_is_understood_when_its_system_writes_it(name: str, return_path: str) -> None:
    is_permanent, status, has_id = SYSTEMS[name][3:]
    found = _read(name, return_path)
    assert found is not None
    assert found.recipients == ("jo@x.test",)
    assert (found.is_permanent, found.status) == (is_permanent, status)
    assert found.original_message_id == (OURS if has_id else "")
    assert found.explanation and "\n" not in found.explanation
    assert found.is_given_up == is_permanent


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_report_is_the_same_when_its_line_ends_are_others(name: str, newline: str) -> None:
    assert _read(name, newline=newline) == _read(name)


@pytest.mark.parametrize("name", SYSTEMS)
def test_report_is_none_when_a_person_sends_it_on(name: str) -> None:
    from_, subject, text, *_ = SYSTEMS[name]
    forward = f"What is this?\n\n---------- Forwarded message ---------\nFrom: {from_}\nSubject: {subject}\n\n{text}"
    for told in (f"Fwd: {subject}", subject, "What is this?"):
        inbound = parse(_write("Jane Doe <jane@y.test>", told, forward, "<jane@y.test>"))
        assert inbound.bounce is None, told
        assert inbound.mail_class is MailClass.HUMAN


@pytest.mark.parametrize(
    ("from_", "subject", "text"),
    [
        ("Postmaster@mx.x.test", "系统退信", "抱歉，您的邮件被退回来了\n\n收件人：jo@x.test\n"
         "退信原因：收件人邮件地址（jo@x.test）不存在，邮件无法送达。\n"),
        ("postmaster@mx.x.test", "[반송] 메일 전송 실패", "메일이 전송되지 않았습니다.\n\n"
         "받는 사람: jo@x.test\n사유: 550 5.1.1\n"),
        ("PumpMarshal@mx.x.test", "PumpMarshal could not help", "Your message:\n   Subject:  Hi\n\nCould not be "
         "delivered because of\n\n550 5.1.1 unknown user\n\nThe following recipients were affected:\n   jo@x.test\n"),
        ("postmaster@mx.x.test", "Mail System Error - Returned Mail", "This Message was undeliverable due to the "
         "following reason:\n\nUser not known: jo@x.test\n"),
        ("postmaster@x.test", "Returned mail: Mailbox full", "   ----- The following addresses had delivery problems "
         "-----\n********@x.test\n   ----- Non-delivered information -----\nThe mailbox is full.\n\njo@x.test\n"),
    ],
)  # fmt: skip
def test_recipient_is_found_when_the_report_names_it_in_its_own_way(from_: str, subject: str, text: str) -> None:
    head = f"Return-Path: <>\nFrom: {from_}\nTo: desk@desk.test\nSubject: {subject}\nContent-Type: text/plain; "
    found = parse(f"{head}charset=utf-8\n\n{text}".encode()).bounce
    assert found is not None and found.recipients == ("jo@x.test",)


def test_absence_is_no_report_when_it_holds_a_number_like_a_reply() -> None:
    text = "I left the company. Write to lee@x.test.\nPhone 550 123 - not for deliveries.\n"
    assert parse(f"Return-Path: <>\nFrom: Kim <kim@x.test>\nSubject: Away\n\n{text}".encode()).bounce is None
