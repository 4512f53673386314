"""The sentences of `intentwords.py` in Spanish, French, Italian and Polish. Dry: data only."""

from typing import Final

MORE_SENTENCES: Final[dict[str, dict[str, str]]] = {
    "es": {
        "greeting": (
            "(?:hola|buenas|buen día|buenos días|buenas (?:tardes|noches)|estimad[oa]s?|querid[oa]s?)(?: (?:a todos|"
            r"todos|equipo|de nuevo|señor(?:es|a)?|sr|sra))?(?: (?:señor|señora|sr|sra) \w+)?"
        ),
        "regret": "lo siento|lamentablemente|desgraciadamente|no|por favor",
        "praise": (
            "(?:sí|vale|ok|okay|perfecto|genial|estupendo|excelente|fenomenal|fantástico|muy (?:bien|amable|"
            "amables)|de acuerdo|entendido|listo|qué bien|súper|super|buenísimo|(?:es|son|sois|eres) (?:usted |"
            "ustedes )?(?:muy amables?|los mejores|genial)|excelente (?:servicio|trabajo|atención)|buen trabajo|"
            "muy útil)"
        ),
        "thanks": (
            "(?:(?:vale|ok|perfecto|genial|sí|y|bien|estupendo) )?(?:muchas gracias|muchísimas gracias|mil gracias|"
            "gracias|un millón de gracias|infinitas gracias|(?:se lo |os lo |te lo )?agradezco(?: mucho)?|(?:le|les|"
            "te|os) agradezco(?: mucho)?|muy agradecid[oa]s?|mil gracias)(?: (?:a todos|a ustedes|de nuevo|otra vez|"
            "nuevamente|equipo|de verdad|de antemano no))*(?: por (?:(?:su|tu|vuestra|vuestro|la|el|toda|todo|tan|"
            "rápida|rápido|pronta|pronto|excelente|buena|gran|amable|la rápida) )*(?:ayuda|respuesta|soporte|"
            "atención|apoyo|información|rapidez|aclaración|explicación|gestión|servicio|solución|paciencia|tiempo|"
            "trabajo|interés|colaboración|contestar|responder|todo|avisar|el aviso)(?: (?:rápida|prestada|recibida|"
            "inmediata|tan rápida))?(?: y (?:(?:su|tu|la|el|por) )*(?:ayuda|rapidez|paciencia|atención|tiempo|"
            "respuesta|apoyo))?)?(?: de nuevo| a todos)?"
        ),
        "wish": (
            "(?:(?:que )?(?:tenga|tengan|tengas|tengáis|pase|pasen) |os deseo |les deseo |"
            "le deseo )?(?:un )?(?:muy )?(?:buen|feliz|excelente) (?:día|fin de semana|tarde|semana|finde)|"
            "(?:que )?(?:tenga|tengan) (?:una )?(?:buena|feliz|excelente|linda) (?:tarde|semana|noche|jornada)|"
            "hasta (?:pronto|luego)|feliz (?:tarde|semana)"
        ),
        "signoff": (
            "(?:un |muchos |atentos |mis )?(?:cordial(?:es)? )?(?:saludos?)(?: (?:cordial(?:es)?|atentos?|"
            "afectuosos?|a todos))?|atentamente|(?:un )?(?:fuerte )?abrazos?|(?:reciba|reciban) un cordial saludo|"
            r"enviado desde mi \w+(?: \w+)?|sin otro particular"
        ),
        "works": (
            "(?:(?:sí|ya|ahora|perfecto|ok) )*(?:(?:todo|(?:el|la|mi|nuestr[oa]) NOUN) )?(?:(?:ya|ahora|ahora sí|"
            "ahora ya|por fin) )+(?:me |nos )?(?:funciona|va|funcionan|imprime|está (?:funcionando|solucionado|"
            "resuelto|arreglado))(?: (?:bien|todo|perfectamente|correctamente|otra vez|de nuevo|sin problemas?|"
            "perfecto))*|(?:(?:sí|ok|perfecto) )*(?:(?:todo|(?:el|la|mi|nuestr[oa]) NOUN) )?(?:funciona|funcionan|"
            "va) (?:bien |perfectamente |correctamente |todo )?(?:ya|ahora|de nuevo|otra vez|perfectamente|"
            "correctamente|bien|perfecto|sin problemas)|(?:ha|ya ha) funcionado(?: perfectamente)?|"
            "(?:el )?(?:problema|error|asunto) (?:ya )?(?:está |ha sido |fue |quedó )?(?:ya )?(?:solucionado|"
            "resuelto|arreglado)|ya (?:está )?(?:solucionado|resuelto|arreglado)|todo (?:en orden|correcto|bien|"
            "solucionado|resuelto)(?: ahora)?|(?:ya|ahora) puedo (?:entrar|acceder|imprimir)"
        ),
        "broken": (
            "(?:(?:lo siento|lamentablemente|desgraciadamente|no|pero) )*(?:(?:esto|eso|(?:el|la|mi|"
            "nuestr[oa]) NOUN) )?(?:(?:aún|todavía|aun) (?:sigue )?(?:no|sin)|sigue sin|continúa sin|tampoco|"
            "sigue no) (?:me |nos )?(?:funciona|funcionar|funcionando|va|ir|imprime|imprimir|funcionan)(?: (?:bien|"
            "nada|correctamente|ahora))*|(?:(?:el|la|mi|nuestr[oa]) NOUN )?(?:sigue|continúa|está) (?:estando |"
            "todavía |aún )?(?:averiad[oa]|rot[oa]|fallando|igual|estropead[oa]|caíd[oa]|bloquead[oa])|"
            "no funciona (?:todavía|aún|tampoco)|(?:seguimos|sigo|continuamos|tenemos|tengo) (?:todavía |"
            "aún )?(?:con|teniendo)? ?(?:el|con el) mismo (?:problema|error)|(?:el )?(?:mismo )?(?:problema|error|"
            "fallo) (?:persiste|continúa|sigue(?: (?:ahí|igual|sin (?:resolver|solucionar(?:se)?)))?|"
            "no está (?:resuelto|solucionado))|(?:eso |esto )?(?:no|tampoco) (?:ha|me ha|nos ha) (?:funcionado|"
            "ayudado|servido)|(?:sigo|seguimos) sin poder (?:entrar|acceder|imprimir)"
        ),
        "status": (
            "(?:(?:hay|tienen|tienes|tenéis|existe) )?(?:alguna|algunas|algún|ya|alguna otra) (?:novedad|novedades|"
            "noticia|noticias|avance|actualización)(?: (?:al respecto|sobre (?:esto|el tema|mi (?:caso|pedido|"
            "solicitud|consulta|ticket))|de (?:mi|esto) ?(?:caso|pedido)?|por favor|de momento))*|(?:hay|tienen|"
            "tienes) (?:novedades|noticias|algo nuevo)(?: (?:al respecto|sobre (?:esto|mi (?:caso|pedido|solicitud|"
            "consulta))))?|novedades|algo nuevo|(?:cuál es|cómo está|cómo va|en qué) (?:el |mi )?(?:estado|estatus|"
            "situación|caso|pedido|solicitud|asunto|tema|esto|ticket|incidencia)(?: (?:actual|de (?:mi|"
            "este) (?:caso|pedido|solicitud|consulta|ticket|incidencia)|se encuentra|está))*|"
            "(?:en qué estado (?:está|se encuentra) mi (?:caso|pedido|solicitud|ticket))|estado(?: (?:por favor|"
            "actual|del pedido|de mi (?:pedido|caso|solicitud)))?|cuándo (?:puedo|podemos) esperar (?:una|"
            "su) respuesta|(?:sigo|seguimos|todavía estoy|estoy) (?:a la espera|esperando)(?: (?:de )?(?:una|su|"
            "vuestra) respuesta)?|para cuándo"
        ),
        "unsubscribe": (
            "(?:por favor )?(?:dar|darme|darnos|denme|dénme|dadme|dame|quiero darme|quisiera darme|deseo darme|"
            "solicito la|la)(?: de)? baja(?: (?:de|en|del) (?:la|el|su|esta|este|los|sus)? ?(?:lista(?: de correo)?|"
            "listas|boletín|boletines|newsletter|suscripción al boletín|correos))?(?: por favor)?|"
            "baja(?: por favor)?|(?:por favor )?(?:no (?:quiero|deseo) (?:recibir )?más (?:correos|mails|emails|"
            "publicidad|boletines)|(?:elim[ií]nenme|bórrenme|elimíneme|quítenme|sáquenme|borradme) de (?:la|su|esta|"
            "vuestra) lista(?: de (?:correo|distribución))?|dejen de enviarme (?:correos|publicidad|emails|"
            "boletines)|no me envíen más (?:correos|publicidad|emails|boletines)|"
            "cancelar (?:la )?suscripción al boletín|desuscribir(?:me)?|desuscríbanme|"
            "anular suscripción al boletín)(?: por favor)?"
        ),
    },
    "fr": {
        "greeting": (
            "(?:bonjour|bonsoir|salut|coucou|re|rebonjour|cher|chère|chers)(?: (?:à tous|à toutes et à tous|tous|"
            r"toutes|madame|monsieur|l'équipe|équipe|messieurs))*(?: (?:m|mme|monsieur|madame) \w+)?|madame|monsieur|"
            "(?:madame|messieurs)(?: et)? (?:monsieur|messieurs)"
        ),
        "regret": "désolée?|malheureusement|hélas|non|s'il vous plaît|svp|stp",
        "praise": (
            "(?:oui|ok|okay|super|parfait|génial|excellent|formidable|très (?:bien|gentil|aimable)|c'est (?:parfait|"
            "super|noté|très gentil|bon|génial|gentil|top)|d'accord|entendu|bien reçu|bien noté|nickel|top|"
            "impeccable|cool|bravo|bon travail|vous êtes (?:les meilleurs|super|géniaux|au top))"
        ),
        "thanks": (
            "(?:(?:ok|super|parfait|génial|oui|et|très bien|un grand|grand|un très grand|d'accord|"
            "excellent) )*(?:merci|mille mercis|mille merci|milles merci|mes remerciements|tous mes remerciements|"
            "avec (?:tous )?mes remerciements|(?:je|nous) (?:vous|te) remerci(?:e|ons)|vous remerciant|merci à vous|"
            "merci à toi)(?: (?:beaucoup|bien|infiniment|encore|à (?:vous|toi|tous|toute l'équipe|l'équipe)|"
            "mille fois|énormément|vivement|sincèrement|et encore merci|beaucoup))*(?: (?:pour|de) (?:(?:votre|ton|"
            "ta|la|le|l|cette|vos|tes|toute|ces|les|l'|ce|rapide|précieuse|excellente|bonne|prompte|grande|"
            "super) ?)*(?:l')?(?:aide|réponse|support|assistance|service|retour|informations?|infos?|rapidité|"
            "réactivité|explications?|efficacité|patience|travail|solution|soutien|disponibilité|intervention|"
            "gentillesse|temps|tout|suivi|précisions?|mise à jour|traitement)(?: (?:rapides?|efficace|précieuse|"
            "si rapide|très rapide))?(?: et (?:(?:pour|votre|la|le|ta) )*(?:aide|réactivité|rapidité|patience|"
            "efficacité|réponse|gentillesse|disponibilité))?)?(?: encore| à tous)?"
        ),
        "wish": (
            "(?:(?:et )?(?:je vous souhaite |passez )?(?:une |un )?(?:très )?(?:bonne|excellente|belle) (?:journée|"
            "soirée|fin de journée|semaine|continuation|après-midi|fin de semaine)|"
            "(?:et )?(?:(?:je vous souhaite )?(?:un )?(?:bon|excellent) (?:week-end|weekend|week end|après-midi|"
            "courage))|à (?:bientôt|plus)|au revoir)(?: (?:à vous|à tous|à toi))?"
        ),
        "signoff": (
            "(?:bien |très )?cordialement(?: vôtre)?|(?:bien )?à vous|cdt|cdlt|bàv|(?:sincères|meilleures|cordiales|"
            "mes meilleures|avec mes meilleures) salutations|salutations(?: distinguées)?|amicalement|bises|"
            r"respectueusement|envoyé (?:de|depuis) mon \w+(?: \w+)?"
        ),
        "works": (
            "(?:(?:oui|ok|super|voilà|et) )*(?:(?:ça|cela|tout|c'est|(?:le|la|mon|ma|notre|"
            "l') ?NOUN) )?(?:(?:re)?(?:fonctionne|marche)|s'imprime)(?: (?:maintenant|à nouveau|de nouveau|"
            "parfaitement|très bien|bien|correctement|enfin|désormais|nickel|impeccable|chez moi))+|(?:ça|cela|"
            "tout) (?:re)?fonctionne|tout (?:re)?marche|(?:maintenant |désormais )(?:ça|cela|tout) (?:fonctionne|"
            "marche)(?: bien)?|(?:ça|cela) a (?:fonctionné|marché)(?: parfaitement)?|(?:le |mon |"
            "notre )?(?:problème|souci|bug) (?:est |a été )?(?:maintenant |bien )?(?:résolu|réglé|"
            "corrigé)(?: maintenant)?|c'est (?:résolu|réglé|réparé|bon maintenant)|"
            "tout (?:est )?(?:rentré dans l'ordre|en ordre|bon|ok|va bien)(?: maintenant)?|(?:je peux|"
            "j'arrive) (?:maintenant|à nouveau|enfin) (?:à )?(?:me connecter|imprimer)"
        ),
        "broken": (
            "(?:(?:désolée?|malheureusement|non|mais|hélas) )*(?:(?:ça|cela|ce|il|elle|(?:le|la|mon|ma|"
            "notre) NOUN) )?(?:ne |n')?(?:fonctionne|marche|s'imprime|imprime|fonctionnent|"
            "marchent)(?: (?:malheureusement|chez moi))? (?:toujours pas|encore pas|pas encore|pas non plus|"
            "pas mieux)(?: (?:chez moi|correctement|bien|non plus))?|(?:(?:malheureusement|non|"
            "désolé) )*(?:(?:c'est|(?:le|la|mon|ma|notre) NOUN est|j'ai|nous avons|on a) )?(?:toujours|"
            "encore) (?:(?:le|la) même (?:problème|erreur|souci|chose)|en panne|cassée?|bloquée?|hors service|"
            "pareil|pas (?:réglé|résolu|réparé))|(?:malheureusement |hélas )?(?:le |l')?(?:même )?(?:problème|souci|"
            "erreur) (?:persiste|est toujours (?:là|présent|présente)|n'est (?:toujours )?pas (?:résolu|réglé|"
            "résolue|réglée)|demeure|continue)(?: toujours| encore)?|(?:ça|cela) n'a (?:pas|rien) (?:aidé|marché|"
            "fonctionné|changé|résolu|donné)|(?:je|on) (?:ne )?(?:peux|peut|n'arrive) toujours pas (?:à )?(?:me "
            "connecter|imprimer)|je n'arrive toujours pas à (?:me connecter|imprimer)"
        ),
        "status": (
            "(?:(?:y a-t-il|y a t-il|y a t il|il y a|avez-vous|avez vous|as-tu|auriez-vous|est-ce qu'il y a|"
            "vous avez)(?: (?:du|des|eu|un|une|déjà))* )?(?:nouveau|nouvelles|avancées?|retour|mise à jour|"
            "nouveauté|nouveautés)(?: (?:à ce sujet|sur (?:ma (?:demande|commande)|mon (?:dossier|ticket|problème)|"
            "ce (?:sujet|point|dossier))|concernant (?:ma (?:demande|commande)|mon (?:dossier|ticket)|ce (?:sujet|"
            "dossier))|pour (?:moi|mon dossier)|s'il vous plaît|svp|de votre (?:part|côté)))*|(?:du|des|quoi de|"
            "quelles) (?:nouveau|nouvelles|neuf)(?: (?:à ce sujet|svp|s'il vous plaît))?|(?:où en (?:est|sont|"
            "êtes-vous|sommes-nous|est-on))(?: (?:ma (?:demande|commande)|mon (?:dossier|ticket|problème|"
            "remboursement)|ce (?:dossier|ticket)|cette demande|les choses))?(?: s'il vous plaît| svp)?|"
            "(?:quel est (?:le |l')?)?(?:statut|état|avancement|état d'avancement|"
            "état actuel)(?: (?:de (?:ma (?:demande|commande)|mon (?:dossier|ticket)|ce dossier)|svp|"
            "s'il vous plaît|actuel))*|(?:quand|pour quand) (?:puis-je|pouvons-nous|peut-on) (?:espérer|attendre|"
            "avoir) une réponse|(?:je suis|nous sommes|j'suis) toujours (?:en attente|"
            "dans l'attente)(?: d'une réponse| de votre réponse| de votre retour)?|(?:j'attends|"
            "nous attendons) toujours (?:une|votre) (?:réponse|retour)"
        ),
        "unsubscribe": (
            "(?:merci de |veuillez |je (?:souhaite|veux|voudrais|désire) (?:être )?|pouvez-vous )?(?:me |"
            "nous )?(?:désabonner|désinscrire|désabonné|désinscrit|désabonnée|désinscrite)(?: (?:moi|de|du|"
            "à) ?(?:(?:la|votre|cette|vos|toutes vos) )?(?:newsletter|newsletters|liste(?: de diffusion)?|listes|"
            "mailing list)?)?(?: (?:merci|svp|s'il vous plaît))?|désabonnement|désinscription|désabonnez-moi|"
            "désinscrivez-moi|(?:merci de |veuillez )(?:me |nous )?(?:retirer|supprimer|enlever|"
            "rayer)(?: (?:mon adresse|mon mail|mon e-mail|moi))? de (?:votre|la|cette|"
            "vos) (?:liste(?: de diffusion)?|newsletter|mailing list|listes)|(?:merci de )?(?:ne plus|ne veux plus|"
            "je ne (?:veux|souhaite) plus) (?:m'envoyer (?:de|vos)|recevoir (?:de|vos|votre|la)) (?:newsletters?|"
            "mails?|e-mails?|publicités?|courriels?)"
        ),
    },
    "it": {
        "greeting": (
            "(?:ciao|salve|buongiorno|buon giorno|buonasera|buona sera|buon pomeriggio|gentil[ei]|egregi[oa]?|"
            r"spett(?:abile|\.)?|car[oiae])(?: (?:a tutti|tutti|team|assistenza|supporto|signor[ae]?|signori|sig|"
            r"sig\.ra|dott|dottore|dottoressa))*(?: (?:signor|signora|sig|dott) \w+)?"
        ),
        "regret": "purtroppo|no|mi dispiace|scusate|per favore|per cortesia",
        "praise": (
            "(?:sì|ok|okay|va bene|perfetto|ottimo|fantastico|eccellente|benissimo|bene|super|grande|grandi|"
            "splendido|magnifico|molto (?:bene|gentile|gentili|utile)|gentilissim[oiae]|d'accordo|ricevuto|capito|"
            "siete (?:stati )?(?:molto )?(?:gentili|gentilissimi|i migliori|fantastici)|ottimo (?:lavoro|servizio)|"
            "bravissimi)"
        ),
        "thanks": (
            "(?:(?:ok|va bene|perfetto|ottimo|sì|e|bene|benissimo|fantastico) )*(?:grazie|tante grazie|molte grazie|"
            "mille grazie|grazie mille|un grazie|vi ringrazio|la ringrazio|ti ringrazio|ringrazio|ringraziando(?:vi|"
            "la)|ringraziamo|vi ringraziamo|la ringraziamo)(?: (?:mille|infinite|tante|molto|davvero|ancora|"
            "di (?:tutto|cuore|nuovo)|moltissimo|a (?:voi|lei|te|tutti)|molte|sentitamente))*(?: (?:per|della|dell'|"
            "del|di) ?(?:(?:il|la|lo|l'|i|le|vostro|vostra|suo|sua|tuo|tua|tutto|tutta|celere|rapida|rapido|veloce|"
            "pronta|pronto|gentile|prezioso|preziosa|ottimo|ottima|solerte) ?)*(?:aiuto|risposta|supporto|"
            "assistenza|servizio|riscontro|informazion[ei]|info|disponibilità|spiegazion[ei]|rapidità|velocità|"
            "celerità|gentilezza|pazienza|lavoro|soluzione|tempo|collaborazione|chiarimento|chiarimenti|intervento|"
            "tutto|cortesia)(?: (?:rapid[oa]|veloce|immediat[oa]|tempestiv[oa]))?(?: e (?:(?:per|la|il|l'|vostra|"
            "sua) ?)*(?:disponibilità|pazienza|rapidità|velocità|gentilezza|aiuto|celerità|supporto))?)?(?: ancora|"
            " a tutti)?"
        ),
        "wish": (
            "(?:(?:e |vi auguro |le auguro |auguro )?(?:una |un )?(?:buona|buon|felice|ottima|bella) (?:giornata|"
            "serata|settimana|weekend|week-end|week end|fine settimana|lavoro|proseguimento|continuazione|"
            "pomeriggio)|a presto|arrivederci)(?: a (?:voi|tutti|lei))?"
        ),
        "signoff": (
            "(?:(?:un )?(?:cordial[ei]|distint[io]|migliori|cari|tanti|porgo cordiali|i miei migliori) salut[io]|"
            r"saluti|un saluto|cordialmente|cordialità|distintamente|inviato da(?:l mio| mio)? \w+(?: \w+)?|"
            "in fede)(?: a tutti)?"
        ),
        "works": (
            "(?:(?:sì|ok|perfetto|e) )*(?:(?:tutto|(?:il|la|lo|l'|la mia|il mio|il nostro|"
            "la nostra) ?NOUN) )?(?:(?:ora|adesso|finalmente) )+(?:(?:mi |ci )?(?:funziona|funzionano|va|stampa)|"
            "è (?:tutto )?(?:a posto|risolto))(?: (?:tutto|bene|perfettamente|correttamente|di nuovo|benissimo|"
            "senza problemi))*|(?:(?:tutto|(?:il|la|lo|la mia|il mio|il nostro|la nostra) NOUN) )?(?:funziona|"
            "funzionano|va) (?:tutto |bene |perfettamente )*(?:ora|adesso|di nuovo|perfettamente|bene|correttamente|"
            "tutto|senza problemi)|ha funzionato(?: perfettamente)?|(?:il )?problema (?:è (?:stato )?)?risolto|"
            "(?:è )?(?:tutto )?(?:risolto|a posto|ok)(?: ora| adesso)|risolto|è risolto|tutto (?:risolto|a posto|"
            "ok)|(?:ora|adesso) riesco (?:ad |a )?(?:accedere|entrare|stampare)"
        ),
        "broken": (
            "(?:(?:purtroppo|no|mi dispiace|scusate|ma) )*(?:(?:questo|(?:il|la|lo|la mia|il mio|il nostro|"
            "la nostra) NOUN) )?(?:(?:ancora|tuttora|comunque|continua a|continuano a|sempre|"
            "neanche ora) (?:a )?non (?:mi |ci )?(?:funziona|funzionano|funzionare|va|andare|stampa|stampare)|"
            "non (?:mi |ci )?(?:funziona|funzionano|va|stampa) (?:ancora|neanche (?:ora|così|adesso)|nemmeno (?:ora|"
            "così|adesso)|tuttora|comunque))(?: (?:correttamente|bene|niente))?|(?:(?:purtroppo|no) )*(?:(?:(?:il|"
            "la|lo) NOUN )?è )?(?:ancora|sempre|tuttora) (?:(?:lo )?stesso (?:problema|errore)|guast[oa]|rott[oa]|"
            "bloccat[oa]|fuori servizio|non risolto)|(?:purtroppo )?(?:il |l')?(?:stesso )?(?:problema|"
            "errore) (?:persiste|c'è ancora|rimane|permane|non è (?:ancora )?(?:stato )?risolto|continua|"
            "si ripresenta)|(?:purtroppo )?non (?:ha|è) (?:funzionato|servito|aiutato|risolto)(?: (?:a )?(?:niente|"
            "nulla))?|non riesco ancora (?:ad |a )?(?:accedere|entrare|stampare)"
        ),
        "status": (
            "(?:(?:ci sono|avete|hai|ha|vi sono|qualche|si hanno|abbiamo) )?(?:novità|aggiornament[io]|notizie|"
            "qualche novità|qualche aggiornamento|delle novità|già novità)(?: (?:in merito|a riguardo|al riguardo|"
            "su (?:questo|questa richiesta)|sul (?:mio (?:ordine|ticket|caso|problema))|sulla (?:mia (?:richiesta|"
            "pratica))|per (?:me|favore)|per il mio (?:ordine|ticket)))*|(?:qual è|a che punto (?:è|siamo|siete)|"
            "come (?:va|procede)|qual'è)(?: (?:lo|il|la|con|mia|mio|la mia|il mio))*(?: (?:stato|situazione|"
            "richiesta|ordine|ticket|pratica|problema))?(?: (?:attuale|della (?:mia )?(?:richiesta|pratica)|"
            "del (?:mio )?(?:ordine|ticket|caso)|dell'ordine))*|stato(?: (?:attuale|per favore|della richiesta|"
            "dell'ordine))?|(?:quando|entro quando) (?:posso|possiamo) (?:avere|aspettarmi|aspettarci) una risposta|"
            "(?:sono|siamo) (?:ancora )?in attesa(?: di (?:una|vostra|un) (?:risposta|riscontro))?|(?:attendo|"
            "attendiamo) (?:ancora )?(?:una risposta|un riscontro|vostro riscontro|vostre notizie)"
        ),
        "unsubscribe": (
            "(?:(?:per favore|vi prego di|prego|si prega di|vorrei|voglio|desidero|chiedo di|vi chiedo di|"
            "potete) )*(?:disiscriver(?:mi|ci|e)|essere disiscritt[oa]|disiscrivetemi|cancellar(?:mi|"
            "ci) dalla (?:newsletter|mailing list|vostra (?:newsletter|mailing list|lista)|lista)|"
            "essere cancellat[oa] dalla (?:newsletter|mailing list|vostra (?:newsletter|lista)|lista)|rimuover(?:mi|"
            "ci) dalla (?:newsletter|mailing list|vostra (?:newsletter|mailing list|lista)|lista)|"
            "cancellatemi dalla (?:newsletter|mailing list|vostra (?:newsletter|mailing list|lista)|lista)|"
            "rimuovetemi dalla (?:newsletter|mailing list|vostra (?:newsletter|mailing list|lista)|lista)|"
            "toglietemi dalla (?:newsletter|mailing list|vostra lista|lista)|non (?:ricevere più|inviatemi più|"
            "mandatemi più|voglio più ricevere|desidero più ricevere) (?:le |la |la vostra |le vostre |"
            "vostre )?(?:mail|e-mail|email|newsletter|pubblicità))(?: (?:dalla|dalla vostra) (?:newsletter|"
            "mailing list|lista))?(?: (?:grazie|per favore))?|disiscrizione|cancellazione (?:dalla )?newsletter"
        ),
    },
    "pl": {
        "greeting": (
            "(?:cześć|hej|witam|witajcie|dzień dobry|dobry wieczór|szanown[ia] (?:państwo|pani|panie)|"
            "drog[ia] (?:pani|panie|państwo)|droga|drogi)(?: (?:serdecznie|państwa|wszystkich|ponownie|"
            r"pani?e? \w+))*"
        ),
        "regret": "niestety|nie|przepraszam|proszę",
        "praise": (
            "(?:tak|ok|okay|super|świetnie|doskonale|wspaniale|rewelacja|idealnie|bardzo dobrze|ekstra|dobrze|"
            "rozumiem|jasne|w porządku|rewelacyjnie|extra|znakomicie|przyjąłem|przyjęłam|(?:jesteście|"
            "są państwo) (?:najlepsi|super|świetni)|świetna (?:robota|obsługa)|bardzo (?:pomocne|miło|mi miło)|"
            "to bardzo (?:pomogło|pomocne))"
        ),
        "thanks": (
            "(?:(?:ok|tak|super|świetnie|dobrze|i|to|jeszcze raz|rozumiem|doskonale) )*(?:(?:bardzo |serdecznie |"
            "ślicznie |pięknie |ogromnie |z góry nie |stokrotnie |uprzejmie )*(?:dziękuję|dziękujemy|dziekuje|"
            "dziekuję|dziękuje|dziekujemy)|dzięki|dzieki|dzięks|wielkie dzięki|wielkie dzieki|dziękować|"
            "dzięki wielkie|stokrotne dzięki)(?: (?:bardzo|serdecznie|wielkie|ślicznie|pięknie|jeszcze raz|państwu|"
            "panu|pani|wam|wszystkim|ogromnie|raz jeszcze|slicznie|ponownie|uprzejmie))*(?: za (?:(?:szybką|szybkie|"
            "pomoc|błyskawiczną|błyskawiczne|sprawną|sprawne|państwa|waszą|wasze|pana|pani|twoją|tak|całą|miłą|"
            "dobrą|wszelką|super|fachową|okazaną|udzieloną|cierpliwość|i|oraz|odpowiedź|tę|te) )*(?:pomoc|odpowiedź|"
            "odpowiedz|wsparcie|reakcję|reakcje|informację|informacje|info|wyjaśnienie|wyjaśnienia|obsługę|obsluge|"
            "cierpliwość|rozwiązanie|czas|fatygę|załatwienie|interwencję|wszystko|zaangażowanie|kontakt|"
            "aktualizację|naprawę|realizację))?(?: jeszcze raz| bardzo)?"
        ),
        "wish": (
            "(?:(?:i )?(?:życzę|życzymy|zyczę)?(?: państwu| panu| pani| wam)? ?(?:miłego|dobrego|udanego|spokojnego|"
            "przyjemnego|wspaniałego) (?:dnia|weekendu|popołudnia|wieczoru|tygodnia|dzionka)|do (?:usłyszenia|"
            "zobaczenia|widzenia)|wszystkiego dobrego|miłej (?:pracy|niedzieli|soboty))"
        ),
        "signoff": (
            "(?:(?:serdecznie |gorąco )?pozdrawiam(?: (?:serdecznie|gorąco|ciepło|państwa))*|pozdrawiamy|"
            "(?:serdeczne |gorące )?pozdrowienia|pozdr|pzdr|z (?:poważaniem|wyrazami szacunku|pozdrowieniami|"
            r"szacunkiem|uszanowaniem)|wysłane z (?:mojego )?\w+(?: \w+)?|wysłano z (?:mojego )?\w+(?: \w+)?)"
        ),
        "works": (
            "(?:(?:tak|ok|super|i|no) )*(?:(?:to|wszystko|(?:moja|mój|nasz|nasza|moje|nasze) NOUN|drukarka|strona|"
            "aplikacja|system|internet) )?(?:już |teraz |wreszcie |znowu |znów |teraz już )+(?:mi |u mnie |nam |"
            "wszystko )?(?:działa|działają|drukuje|chodzi|jest (?:ok|dobrze|w porządku))(?: (?:dobrze|poprawnie|"
            "prawidłowo|bez (?:problemu|problemów|zarzutu)|świetnie|idealnie|wszystko|znowu|jak należy))*|"
            "(?:wszystko|drukarka|strona|aplikacja|system) (?:działa|drukuje)(?: (?:dobrze|poprawnie|prawidłowo|już|"
            "teraz|bez (?:problemu|problemów|zarzutu)|znowu|świetnie))*|działa (?:już|teraz|dobrze|poprawnie|znowu|"
            "wszystko|bez (?:problemu|problemów|zarzutu)|świetnie)|(?:to )?(?:zadziałało|pomogło)|"
            "problem (?:został |jest )?(?:już )?(?:rozwiązany|rozwiązał się|usunięty|zniknął|zażegnany)|"
            "(?:już )?(?:wszystko )?(?:jest )?(?:rozwiązane|naprawione|załatwione)|"
            "(?:już )?wszystko (?:jest )?(?:już )?(?:ok|w porządku|dobrze|gra)|(?:już )?mogę (?:się )?(?:już |"
            "znowu )?(?:zalogować|drukować)|mogę się już zalogować"
        ),
        "broken": (
            "(?:(?:niestety|nie|ale|przepraszam) )*(?:(?:to|(?:moja|mój|nasz|nasza) NOUN|drukarka|strona|aplikacja|"
            "system|internet) )?(?:nadal|wciąż|ciągle|dalej|jeszcze|cały czas|w dalszym ciągu)(?: (?:mi|u mnie|to|"
            "niestety))* (?:nie (?:działa|działają|drukuje|chodzi|mogę się zalogować|mogę drukować|"
            "jest (?:rozwiązane|naprawione)|rozwiązane|naprawione)|(?:jest )?(?:zepsut[ya]|uszkodzon[ya]|"
            "ten sam (?:problem|błąd)|to samo|zablokowan[yea]))(?: (?:u mnie|niestety|prawidłowo|poprawnie))*|"
            "nie działa (?:nadal|wciąż|ciągle|dalej|również)|(?:niestety )?(?:ten sam )?(?:problem|błąd) (?:nadal |"
            "wciąż |ciągle |dalej )(?:występuje|istnieje|jest|trwa|się pojawia|pozostaje|nie jest rozwiązany|"
            "nie został rozwiązany)|problem (?:nie został|nie jest)(?: jeszcze| nadal)? rozwiązany|"
            "(?:niestety )?(?:to )?(?:nie|nic nie) (?:pomogło|zadziałało|dało)(?: niestety)?|(?:mam|mamy) (?:nadal|"
            "wciąż|ciągle|dalej) (?:ten sam|to samo|taki sam) ?(?:problem|błąd)?"
        ),
        "status": (
            "(?:(?:czy )?(?:są|macie|mają państwo|jest|wiadomo|coś|pojawiło się|mają)(?: (?:już|może|jakieś|"
            "jakiekolwiek|państwo))* )?(?:wieści|coś nowego|jakieś wieści|jakieś (?:nowości|informacje|postępy)|"
            "nowości|coś wiadomo|wiadomo coś|coś już wiadomo|aktualizacja|nowe informacje|"
            "jakaś aktualizacja)(?: (?:w (?:tej|mojej) sprawie|w sprawie (?:mojego (?:zgłoszenia|zamówienia)|"
            "zgłoszenia|zamówienia)|na ten temat|dla mnie|odnośnie (?:zamówienia|zgłoszenia)))*|(?:czy )?(?:wiadomo|"
            "wiecie|wiedzą państwo)(?: już)? coś(?: (?:już|nowego|więcej))*(?: (?:w (?:tej|mojej) sprawie|"
            "na ten temat))?|co nowego(?: w (?:tej|mojej) sprawie)?|(?:jaki jest |proszę o |prosiłbym o |"
            "prosiłabym o |poproszę o )?(?:aktualny |obecny |bieżący )?(?:status|stan)(?: (?:sprawy|mojej sprawy|"
            "zgłoszenia|mojego zgłoszenia|zamówienia|mojego zamówienia|tej sprawy|"
            "realizacji(?: zamówienia)?))?(?: proszę)?|na jakim etapie (?:jest|są)(?: (?:moja|moje|ta|"
            "to))?(?: (?:sprawa|zgłoszenie|zamówienie))?|(?:jak|co) (?:wygląda|idzie|tam|słychać|z)(?: (?:w |"
            "z )?(?:moją|moim|tą|tym|mojej|tej) (?:sprawą|zgłoszeniem|zamówieniem|sprawie))?|kiedy (?:mogę|"
            "możemy) (?:spodziewać się|liczyć na|oczekiwać) (?:odpowiedzi|odpowiedź)|(?:nadal |wciąż |"
            "ciągle )?(?:czekam|czekamy)(?: (?:nadal|wciąż|ciągle))? na (?:odpowiedź|państwa odpowiedź|informację)"
        ),
        "unsubscribe": (
            "(?:(?:proszę|chcę|chciałbym|chciałabym|uprzejmie proszę|proszę o|poproszę o) )*(?:(?:o )?(?:wypisanie|"
            "wypisać|wypisz|wypiszcie|usunięcie|usunąć|usuńcie|wykreślenie|wykreślić|wyrejestrowanie|"
            "wyrejestrować)(?: (?:mnie|nas|się|mojego adresu|mój adres|adresu))?(?: z (?:tej |waszej |"
            "państwa )?(?:listy(?: (?:mailingowej|dystrybucyjnej|subskrybentów|mailowej|odbiorców))?|newslettera|"
            "bazy mailingowej|mailingu|subskrypcji newslettera)))|(?:(?:proszę )?(?:mnie )?(?:wypisz|wypiszcie|"
            "wypisać)(?: mnie| się)?)|(?:(?:proszę o |proszę )?(?:rezygnacj[aęi]|rezygnuję|"
            "zrezygnować) (?:z )(?:newslettera|subskrypcji newslettera|mailingu))|(?:proszę )?(?:nie (?:przysyłać|"
            "wysyłać|przysyłajcie|wysyłajcie)(?: mi| nam)? więcej (?:maili|wiadomości|newsletterów|reklam|mailingów|"
            "newslettera))|nie chcę (?:więcej )?(?:otrzymywać|dostawać) (?:więcej )?(?:newslettera|maili|"
            "wiadomości reklamowych|reklam|newsletterów)"
        ),
    },
}
