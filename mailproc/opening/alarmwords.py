"""What the operator is told about broken rules, in the languages that ship. Data only.

What is wrong stands below it as `mailproc rules check` says it.
"""

# trouble -> language -> (what happened, what it means and what to do)
WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "files": {
        "en": (
            "the rule files are broken, the last good rules serve",
            "No mail is lost: the rules of before go on deciding. Mend the files and they serve by themselves;"
            " `mailproc rules check` shows what is wrong:",
        ),
        "de": (
            "die Regeldateien sind fehlerhaft, die letzten guten Regeln gelten weiter",
            "Es geht keine Mail verloren: Die bisherigen Regeln entscheiden weiter. Sobald die Dateien berichtigt sind,"
            " gelten sie von selbst; `mailproc rules check` zeigt die Fehler:",
        ),
        "es": (
            "los archivos de reglas tienen errores, siguen en vigor las últimas reglas correctas",
            "No se pierde ningún correo: las reglas anteriores siguen decidiendo. En cuanto se corrijan los archivos,"
            " entrarán en vigor por sí solos; `mailproc rules check` muestra los errores:",
        ),
        "fr": (
            "les fichiers de règles contiennent des erreurs, les dernières règles correctes restent en vigueur",
            "Aucun message n'est perdu : les règles précédentes continuent de décider. Dès que les fichiers seront"
            " corrigés, ils entreront en vigueur d'eux-mêmes ; `mailproc rules check` montre les erreurs :",
        ),
        "it": (
            "i file delle regole contengono errori, restano in vigore le ultime regole corrette",
            "Nessun messaggio va perso: continuano a decidere le regole precedenti. Appena corretti, i file entrano in"
            " vigore da soli; `mailproc rules check` mostra gli errori:",
        ),
        "no": (
            "regelfilene har feil, de siste gode reglene gjelder fortsatt",
            "Ingen e-post går tapt: De tidligere reglene bestemmer fortsatt. Så snart filene er rettet, gjelder de av"
            " seg selv; `mailproc rules check` viser feilene:",
        ),
        "pl": (
            "pliki reguł zawierają błędy, nadal obowiązują ostatnie poprawne reguły",
            "Żadna wiadomość nie ginie: nadal decydują poprzednie reguły. Po poprawieniu plików zaczną one obowiązywać"
            " same; błędy pokazuje `mailproc rules check`:",
        ),
    },
    "version": {
        "en": (
            "new rules cannot serve on this host, its last good ones do",
            "Somebody put a version of the rules in force that this host cannot use. Here the rules of before go on"
            " deciding, elsewhere the new ones may. `mailproc rules log` lists the versions:",
        ),
        "de": (
            "neue Regeln laufen auf diesem Rechner nicht, seine letzten guten gelten weiter",
            "Jemand hat eine Fassung der Regeln in Kraft gesetzt, mit der dieser Rechner nicht arbeiten kann. Hier"
            " entscheiden die bisherigen Regeln weiter, anderswo vielleicht schon die neuen. `mailproc rules log` nennt"
            " die Fassungen:",
        ),
        "es": (
            "las reglas nuevas no funcionan en este servidor, siguen en vigor sus últimas reglas correctas",
            "Alguien ha puesto en vigor una versión de las reglas que este servidor no puede usar. Aquí siguen"
            " decidiendo las reglas anteriores; en otros servidores, quizá ya las nuevas. `mailproc rules log` muestra"
            " las versiones:",
        ),
        "fr": (
            "les nouvelles règles ne fonctionnent pas sur ce serveur, ses dernières règles correctes restent en"
            " vigueur",
            "Une version des règles a été mise en vigueur que ce serveur ne peut pas utiliser. Ici, les règles"
            " précédentes continuent de décider ; ailleurs, peut-être déjà les nouvelles. `mailproc rules log` affiche"
            " les versions :",
        ),
        "it": (
            "le nuove regole non funzionano su questo server, restano in vigore le sue ultime regole corrette",
            "È stata messa in vigore una versione delle regole che questo server non può usare. Qui continuano a"
            " decidere le regole precedenti, altrove forse già quelle nuove. `mailproc rules log` elenca le versioni:",
        ),
        "no": (
            "nye regler virker ikke på denne maskinen, dens siste gode regler gjelder fortsatt",
            "Noen har satt i kraft en versjon av reglene som denne maskinen ikke kan bruke. Her bestemmer de tidligere"
            " reglene fortsatt, andre steder kanskje de nye. `mailproc rules log` viser versjonene:",
        ),
        "pl": (
            "nowe reguły nie działają na tym serwerze, nadal obowiązują jego ostatnie poprawne reguły",
            "Wprowadzono wersję reguł, której ten serwer nie może użyć. Tutaj nadal decydują poprzednie reguły, gdzie"
            " indziej być może już nowe. Wersje pokazuje `mailproc rules log`:",
        ),
    },
}


def find_words(trouble: str, language: str) -> tuple[str, str]:
    """(what happened, what to do) in that language, in English where it is not one that ships."""
    words = WORDS[trouble]
    return words.get(language, words["en"])
