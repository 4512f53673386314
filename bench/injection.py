"""Header and envelope injection: every control character in every field of every mail, in every language.

    python -m bench.injection [--languages en,de]

31 C0 characters and NUL, DEL, 32 C1 and U+2028/2029 alone in each of 12 fields; each mail's header names and recipient
are compared with what was meant, by two parsers and a reader of lines. The suite runs a part of it.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from mailproc.render import VARIABLES
from mailproc.render.composer import compose_mail
from tests.builders import NOW
from tests.render.test_headers import CONTROLS, EVIL, FIELDS, POLICY, STOCK, expected_names, make, names_of

LANGUAGES = ("en", "de", "es", "fr", "it", "no", "pl")


def inject(languages: Sequence[str]) -> tuple[int, list[str]]:
    """How many mails were made, and what was wrong with which."""
    mails, wrong = 0, []
    for template in VARIABLES:
        for field in FIELDS:
            for control in CONTROLS:
                payload = f"Jane{control}{EVIL}{control}{control}\r\n{EVIL}"
                mail = make(template, (field,), payload)
                for language in languages:
                    mails += 1
                    made = compose_mail(replace(mail, language=language), (), NOW, POLICY, STOCK)
                    is_exact = (
                        made.error == ""
                        and names_of(made.raw) == expected_names((field,))
                        and made.raw.count(b"\r\nTo: jane@customer.example\r\n") == 1
                        and made.mail.recipient == "jane@customer.example"
                        and made.envelope_from.isascii()
                        and made.envelope_from.isprintable()
                    )
                    if not is_exact:
                        wrong.append(f"{template} in {language}, {field}, U+{ord(control):04X}: {made.error}")
    return mails, wrong


def main(arguments: Sequence[str]) -> int:
    """Make them all and print; 1 where one of them is not exact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    languages = parser.parse_args(arguments).languages.split(",")
    began = time.perf_counter()
    mails, wrong = inject(languages)
    print(f"{len(CONTROLS)} characters in {len(FIELDS)} fields of {len(VARIABLES)} mails in {len(languages)} languages:"
          f" {mails} mails in {time.perf_counter() - began:.0f} s, not exact: {len(wrong)}")  # fmt: skip
    for line in wrong[:20]:
        print(f"  {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
