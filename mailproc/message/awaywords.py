"""The words of absence notes: what says that somebody is away, until when, and back from when. Dry: data only."""

from typing import Final

# Each in lower case, as alternatives of one pattern; a date must follow directly
RETURNS: Final = (
    r"(?:be |am |is |are )?back(?: in the office| at work| to work| at my desk| online|"
    r" in office)?(?: again)?(?: on| from| by)?|"
    r"(?:will )?(?:not )?(?:be )?return(?:ing|s)?(?: to (?:the )?(?:office|work)| to my desk)?(?: on| until| by)?|"
    r"(?:available|reachable|in the office) again(?: on| from| as of)?|"
    r"wieder (?:im (?:büro|haus|dienst|einsatz|office)|erreichbar|da|zurück|für sie da|für dich da|"
    r"für euch da|anwesend|persönlich erreichbar)"
    r"(?: bin ich)?(?: ab| am| vom)?(?: dem)?|(?:bin ich )?(?:ab )?(?:wieder )?zurück (?:bin ich )?(?:ab|"
    r"am)(?: dem)?|rückkehr(?: ist)?(?: am)?|"
    r"de retour(?: au (?:bureau|travail)| parmi vous| en poste)?(?: à (?:partir|compter))?(?: le| du| au|"
    r" dès le)?|mon retour(?: est prévu)?(?: le)?|"
    r"(?:reviendrai|reviens|serai présente?|serai joignable|retour(?: prévu)?)(?: au bureau)?(?: à (?:partir|"
    r"compter) du)?(?: le)?|"
    r"de (?:vuelta|regreso)(?: en la oficina| a la oficina)?(?: a partir del?)?(?: el)?|(?:regreso|regresaré|"
    r"vuelvo|volveré|retorno|retornaré|me reincorporo|me reincorporaré|reincorporación)"
    r"(?: a la oficina| al trabajo)?(?: a partir del?)?(?: el)?|"
    r"(?:rientro|rientrerò|torno|tornerò|sarò di ritorno|sarò di nuovo(?: disponibile| operativo| operativa)?|"
    r"di nuovo|nuovamente)(?: in ufficio| in sede| al lavoro| operativo|"
    r" disponibile)?(?: previsto)?(?: a partire)?(?: il| dal| da| in data| per il)?|"
    r"de (?:volta|regresso)(?: ao (?:escritório|trabalho))?(?: a partir de)?(?: em| no dia| a| dia)?|"
    r"(?:regresso|regressarei|retorno|retornarei|volto|voltarei|estarei de volta)(?: ao (?:escritório|"
    r"trabalho))?(?: em| no dia| a| dia)?|"
    r"(?:weer )?(?:terug|aanwezig|bereikbaar|op kantoor)(?: op kantoor| aanwezig)?(?: op| vanaf)|"
    r"ben ik er weer(?: op| vanaf)|"
    r"(?:er )?(?:tilbake|tilbage|tillbaka|åter)(?: igjen| igen)?(?: på (?:kontoret|jobb|jobben|jobbet|plass|"
    r"plats|arbejde|arbeidet))?(?: igjen| igen)?(?: den| fra| från| fra og med| fr\.o\.m\.?)?|"
    r"(?:wracam|wrócę|powrót|powracam|powrócę)(?: do (?:biura|pracy))?(?: planowany)?(?: w dniu| dnia| od|"
    r" od dnia)?|będę (?:ponownie |znowu |z powrotem |już )?(?:dostępn[ya]|w biurze|w pracy|osiągaln[ya]|"
    r"obecn[ya]|z powrotem)(?: ponownie| w biurze)?(?: od| od dnia| w dniu| dnia| w)?|"
    r"palaan(?: toimistolle| töihin| takaisin)?|(?:budu )?(?:opět |zase )?zpět(?: v kanceláři)?(?: od| dne)?|"
    r"vrátím se(?: do kanceláře)?(?: dne)?|vrátim sa(?: dňa)?|"
    r"(?:mă întorc|revin|voi reveni)(?: la birou)?(?: pe| în| la data de| din)?|(?:вернусь|"
    r"буду(?: снова)?(?: в офисе| на работе| на связи| доступен| доступна)?|выйду на работу|выхожу)(?: с)?|"
    r"повернуся|επιστρέφω(?: στις)?|θα επιστρέψω(?: στις)?"
)
UNTIL: Final = (
    r"until(?: and including)?|till|through|thru|up to(?: and including)?|from .{3,40}? to|between .{3,40}? and|"
    r"bis(?: (?:zum|und mit|einschließlich|einschliesslich|einschl\.?|inklusive|inkl\.?|voraussichtlich|inclusive))*|"
    r"jusqu'(?:au|à|en)|jusque|du .{1,30}? au|hasta(?: el)?|del .{1,30}? al|desde .{3,40}? hasta|fino (?:al|a|"
    r"all')|sino al|dal .{1,30}? al|"
    r"até(?: ao?)?(?: dia)?|tot(?: en met| aan)?|t/m|t\.? ?o\.? ?m\.?|t\.? ?d\.?|til(?: og med)?|(?:fram|"
    r"frem) til(?: og med)?|till(?: och med)?|fram till|(?:aż )?do(?: dnia)?|až do|do|"
    r"până (?:la|pe|în|la data de)|до|по"
)
WEAK: Final = (
    r"ab(?: dem)?|am|vom|on|from|od(?: dnia)?|vanaf|à partir du|a partir del?|dal|a partire dal|"
    r"fra(?: og med)?|från(?: och med)?"
)
AGAIN: Final = (
    r"wieder|zurück|back|again|available|returning|de retour|joignable|terug|weer|tilbake|tilbage|tillbaka|"
    r"åter|ponownie|znowu|z powrotem|"
    r"dostępn[ya]|di nuovo|nuovamente|de vuelta|de nuevo|disponible|disponibile"
)
TOMORROW: Final = r"tomorrow|morgen|demain|mañana|domani|i morgen|imorgen|i morgon|imorgon|jutra|jutro|amanhã"
# What may stand between those words and the date
FILLERS: Final = (
    r"on|the|from|day|by|including|and|am|an|dem|den|der|zum|einschließlich|einschliesslich|einschl\.|inkl\.|"
    r"inklusive|inclusive|voraussichtlich|le|au|du|el|il|la|lo|al|día|dia|"
    r"giorno|jour|dag|dnia|dniu|w|dne|data|op|em|no|de|d\.|den|pe|på|i|nächsten|kommenden|coming|this|nastu|στις|klo"
)
MONTHS: Final[dict[str, int]] = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner enero ene janvier janv gennaio gen stycznia styczeń januari janeiro ledna "
            "ianuarie ocak января tammikuuta január ianuarie januára ιανουαρίου",
            "february feb februar feber febrero février févr fév febbraio lutego luty februari fevereiro fev února "
            "februarie şubat февраля helmikuuta február februára φεβρουαρίου",
            "march mar märz maerz mrz marzo mars marca marzec maart março března martie mart марта maaliskuuta "
            "március μαρτίου",
            "april apr abril abr avril avr aprile kwietnia kwiecień dubna aprilie nisan апреля huhtikuuta április "
            "apríla απριλίου",
            "may mai mayo maggio mag maja maj mei maio května mayıs мая toukokuuta május mája μαΐου",
            "june jun juni junio juin giugno giu czerwca czerwiec junho června iunie haziran июня kesäkuuta június "
            "júna ιουνίου",
            "july jul juli julio juillet juil luglio lug lipca lipiec julho července iulie temmuz июля heinäkuuta "
            "július júla ιουλίου",
            "august aug agosto ago août aout sierpnia sierpień augustus augusti srpna ağustos августа elokuuta "
            "augusztus augusta αυγούστου",
            "september sep sept septiembre septembre settembre set września wrzesień setembro září septembrie eylül "
            "сентября syyskuuta szeptember septembra σεπτεμβρίου",
            "october oct oktober okt octubre octobre ottobre ott października październik outubro out října "
            "octombrie ekim октября lokakuuta október októbra οκτωβρίου",
            "november nov noviembre novembre listopada listopad novembro noiembrie kasım ноября marraskuuta novembra "
            "νοεμβρίου",
            "december dec dezember dez diciembre dic décembre déc dicembre grudnia grudzień desember des dezembro "
            "prosince decembrie aralık декабря joulukuuta decembra δεκεμβρίου",
        ),
        1,
    )
    for name in names.split()
}
WEEKDAYS: Final[dict[str, int]] = {
    name: number
    for number, names in enumerate(
        (
            "monday mon montag lunes lundi lunedì lunedi mandag måndag maandag poniedziałek poniedziałku "
            "poniedziałkiem segunda-feira pondělí pondelok luni понедельник понедельника maanantai maanantaihin",
            "tuesday tue tues dienstag martes mardi martedì martedi tirsdag tisdag dinsdag wtorek wtorku terça-feira "
            "úterý utorok marți вторник вторника tiistai",
            "wednesday wed mittwoch miércoles miercoles mercredi mercoledì mercoledi onsdag woensdag środa środy "
            "środę quarta-feira středa středy streda miercuri среда среды среду keskiviikko",
            "thursday thu thur thurs donnerstag jueves jeudi giovedì giovedi torsdag donderdag czwartek czwartku "
            "quinta-feira čtvrtek čtvrtka štvrtok joi четверг четверга torstai",
            "friday fri freitag viernes vendredi venerdì venerdi fredag vrijdag piątek piątku sexta-feira pátek "
            "pátku piatok vineri пятница пятницы пятницу perjantai",
            "saturday sat samstag sonnabend sábado sabado samedi sabato lørdag lördag zaterdag sobota soboty sobotę "
            "sobotu sâmbătă суббота субботы субботу lauantai",
            "sunday sun sonntag domingo dimanche domenica søndag söndag zondag niedziela niedzieli niedzielę neděle "
            "nedeľa duminică воскресенье воскресенья sunnuntai",
        )
    )
    for name in names.split()
}
# Somewhere in the text of a note that somebody is away
AWAY: Final = (
    r"out of (?:the |my )?office|(?:on|taking) (?:annual |parental |maternity |paternity |sick |medical |"
    r"family )?(?:leave|vacation|holidays?|pto)\b|"
    r"away (?:from (?:my |the )?(?:desk|office|e-?mail|mail|work)|until|on (?:business|holiday|vacation|"
    r"leave))|(?:currently|am|be) (?:away|unavailable|travell?ing)\b|not in the office|"
    r"(?:limited|no|without|intermittent) access to (?:my )?(?:e-?mail|mail)|back in the office|"
    r"will (?:not )?return(?: to the office)? (?:on|until)|no longer (?:with|working (?:for|at)|employed)|"
    r"abwesend|abwesenheit|nicht (?:im (?:büro|haus|dienst)|erreichbar|anwesend|am arbeitsplatz)|im urlaub|"
    r"(?:außer|ausser) haus|wieder (?:im büro|für sie da|erreichbar|zurück)|elternzeit|mutterschutz|"
    r"betriebsferien|"
    r"\babsente?\b|en congés?\b|hors du bureau|de retour (?:le|au)|en déplacement|en vacances|"
    r"congé (?:de )?(?:maternité|parental)|"
    r"fuera de (?:la )?oficina|de vacaciones|\bausente\b|de vuelta (?:el|en)|baja (?:médica|maternal)|"
    r"fuori (?:sede|ufficio)|\bassente\b|in ferie|in vacanza|rientr(?:o|erò) (?:il|in)|in congedo|in maternità|"
    r"fora do escritório|de férias|estarei de volta|em viagem|"
    r"\bafwezig|niet (?:aanwezig|op kantoor|bereikbaar|in staat)|(?:met|op) (?:vakantie|verlof)|buiten kantoor|"
    r"ikke (?:på (?:kontoret|jobb|kontor)|til ?stede|tilgjengelig|tilgængelig)|på (?:ferie|reise|kurs|"
    r"semester|barsel|tjenestereise)\b|har ferie|fraværende|(?:tilbake|tilbage|tillbaka) (?:på kontoret|den|"
    r"mandag|igen|igjen)|inte på (?:kontoret|plats)|tjänstledig|(?:foreldre|pappa|mamma)permisjon|"
    r"föräldraledig|frånvarande|"
    r"na urlopie|nieobecn|poza biurem|\bwracam\b|na zwolnieniu|w delegacji|"
    r"lomalla|poissa (?:toimistolta|töistä)|palaan|nepřítom|dovolen[éo]|mimo kancelář|v kancelárii|szabadság|"
    r"házon kívül|\btávol\b|concediu|nu sunt la birou|ofis dışında|\bizinde|yıllık iz[in]n|"
    r"отпуск|отсутств|вне офиса|нет на рабочем|командировк|відпустц|відсутн|поза офісом|εκτός γραφείου|"
    r"με άδεια|חופשה|מחוץ למשרד|إجازة|خارج المكتب|"
    r"不在|休暇|休業|外出|休假|出差|부재|휴가|nghỉ phép|sedang cuti|di luar kantor"
)
# The text says of itself that a program sent it
SELF_SENT: Final = (
    r"this is an? (?:automat(?:ed|ic)|auto)(?:ally generated)?[- ]?(?:out of office |vacation )?(?:reply|"
    r"response|message|e-?mail|notification|answer)|this (?:message|e-?mail|reply|response) (?:is|was|"
    r"has been) (?:generated |sent |created )?automatically|automated response to your|"
    r"(?:nachricht|e-?mail|antwort|mail|mitteilung) (?:wird|wurde|ist) automatisch|(?:dies|das|"
    r"es handelt sich|hierbei handelt es sich) ?(?:ist|um)? (?:eine|um eine) automati(?:sche|sch generierte|"
    r"sch erstellte|sierte)|automatisch (?:generierte|erstellte|versandte|erzeugte) (?:nachricht|e-?mail|"
    r"antwort|abwesenheitsnotiz)|"
    r"(?:ceci|il s'agit|cet? (?:e-?mail|message|mail|courriel|réponse)) (?:est|d'une|d'un|a été)(?: une?|"
    r" envoyée?| générée?)* ?(?:réponse |message )?automatique|"
    r"(?:este|esta|esto) (?:es )?(?:un |una )?(?:correo |mensaje |respuesta )?(?:es |ha sido |fue )?(?:un |"
    r"una )?(?:generad[oa] |enviad[oa] )?(?:mensaje |respuesta )?automátic[oa]|"
    r"(?:questo|questa|presente) (?:è )?(?:un |una )?(?:messaggio |risposta |"
    r"e-?mail )?(?:è )?(?:stat[oa] )?(?:un |una )?(?:generat[oa] |inviat[oa] )?(?:messaggio |"
    r"risposta )?automatic(?:o|a|amente)|"
    r"(?:esta|este) é uma? (?:mensagem|resposta|e-?mail) automátic[oa]|dit is een automati|"
    r"dit bericht is automatisch|"
    r"d(?:ette|et|etta) (?:er|är) (?:et|ett|en) (?:automatisk|autosvar|auto)|automatisk (?:generert|genererad|"
    r"genereret|svar|fraværsmelding)|"
    r"(?:to|jest to|ta wiadomość|niniejsza wiadomość)(?: jest| została)?(?: to)? (?:automatyczn|"
    r"wygenerowan[ae] automatycznie|wysłana automatycznie)|wygenerowana automatycznie|"
    r"tämä on automaattinen|tot[oa] je automatick|ez egy automatikus|acesta este un (?:mesaj|răspuns) automat|"
    r"bu otomatik|это автоматическ|автоматическ(?:ий ответ|ое сообщение|ое уведомление)|це автоматичн|"
    r"αυτόματη απάντηση|自動(?:返信|応答|送信)|自动(?:回复|答复)|자동 ?(?:응답|회신)"
)
# One of these is in every text that says so
SIGNS_OF_SELF_SENT: Final = ("uto", "UTO")
SIGNS_BEYOND_ASCII: Final = ("automát", "otom", "авто", "Авто", "αυτόμ", "Αυτόμ", "自動", "自动", "자동")
