"""One language's templates, compiled in a sandbox; reads template files and nothing else.

Importing this module imports jinja2: only `renderer` and `probechild` do it, when they load templates.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, TracebackType
from urllib.parse import quote

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.loaders import split_template_path
from markupsafe import Markup, escape

from mailproc.render.linking import link
from mailproc.render.localising import format_count, format_day, format_moment
from mailproc.render.sandbox import Sandbox
from mailproc.render.shaping import to_html, to_text
from mailproc.render.variables import DAYS, MOMENTS, clean_line

# What a template can raise, an admin's typo included
TEMPLATE_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,  # Python's own compiler: more nested blocks than it takes
    TypeError,
    ValueError,
)
MAX_OUTPUT = 1_000_000  # characters of one part
MAX_SOURCE = 200_000  # bytes of a template's file
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
_LONG_WORD = 14  # what fits beside the label of a card on a phone
_LONG = re.compile(rf"\S{{{_LONG_WORD}}}")
_SOFT_PLACE = re.compile(r"(?<=[@._/])(?=\w)")
_SUBJECT = "Subject:"
_SUBJECT_END = "\x01"  # ends the subject in what a text template makes; cleaned values cannot hold it
_NOTHING = Markup("")
_PERCENT = tuple(quote(bytes([byte]), safe="") for byte in range(256))
_SHAPED = ".shaped.html.j2"  # the HTML made of a text template; no file has that name
_FRAMES = frozenset({"layout.html.j2", "parts.html.j2"})


# Compiling takes a hundred times longer than rendering, and each reload begins anew: what is shipped is kept
_shipped_code: dict[tuple[str, tuple[Path, ...], tuple[tuple[int, int], ...]], CodeType] = {}


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: jinja2.Template  # its subject, _SUBJECT_END, its text
    html: jinja2.Template
    language: str  # of the folder that the text was found in
    direction: str


class Templates:
    """The templates found in some language folders, the most specific first; compiled when first used.

    Shipped templates are linked (see `linking`). They are our own code, and values are never template source, so that
    the sandbox has nothing to find in them; but linked templates call nothing, so it costs nothing either, and stays.
    """

    def __init__(
        self, folders: tuple[Path, ...], *, is_shipped: bool = False, mark: Callable[[str, str], str] | None = None
    ) -> None:
        """`mark`, given the source and the path of each HTML file, may put comments into it (`htmlcheck`)."""
        self._loader = _Loader(folders, mark)
        self._is_shipped = is_shipped
        self.environment = Sandbox(
            loader=self._loader,
            undefined=jinja2.StrictUndefined,
            autoescape=_is_html,
            optimized=False,  # see sandbox: nothing is worked out when a template is only read
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.environment.globals = {"range": self.environment.globals["range"]}
        del self.environment.filters["random"]  # the same values must give the same bytes
        self.environment.filters |= {
            "breaks": _breaks, "quoted": _quoted, "mailto": _mailto, "counted": _counted, "soft": _soft,
        }  # fmt: skip
        self.environment.is_timed = not is_shipped
        self._compiled: dict[str, _Compiled] = {}
        self._shared: list[Path] | None = None

    def render(self, name: str, context: Mapping[str, object], timezone: str = "UTC") -> tuple[str, str, str]:
        """(subject, text, HTML) for cleaned values; raises one of `TEMPLATE_ERRORS`."""
        compiled = self._compiled.get(name)
        if compiled is None:
            compiled = self._compiled[name] = self._compile(name)
        language = compiled.language
        values = {**context, "language": language, "direction": compiled.direction}
        _localise(values, language, timezone)
        subject, _, text = self._run(compiled.text, values).partition(_SUBJECT_END)
        subject = " ".join(clean_line(subject).split())
        return subject, text.strip("\n") + "\n", self._run(compiled.html, values)

    def touches(self, name: str, root: Path) -> bool:
        """True when some file under `root` may take part in that mail: its own, or any that templates can include."""
        return any(root in path.parents for path in self.files_of(name))

    def file_of(self, name: str) -> Path | None:
        """The text template that is used."""
        level = self._loader.find(f"{name}.txt.j2")
        return None if level is None else self._loader.folders[level] / f"{name}.txt.j2"

    def html_file_of(self, name: str) -> Path | None:
        """The HTML template that is used, None where the HTML is made of the text."""
        text_level, html_level = self._loader.find(f"{name}.txt.j2"), self._loader.find(f"{name}.html.j2")
        if text_level is None or html_level is None or html_level > text_level:
            return None
        return self._loader.folders[html_level] / f"{name}.html.j2"

    def files_of(self, name: str) -> list[Path]:
        """Every file that takes part in the mail, or may."""
        if self._shared is None:
            shared = {path.name: path for path in reversed(self._loader.find_all()) if not _is_mail(path.name)}
            self._shared = list(shared.values())
        return [path for path in (self.file_of(name), self.html_file_of(name), *self._shared) if path is not None]

    def _compile(self, name: str) -> _Compiled:
        text_name = f"{name}.txt.j2"
        html_name = f"{name}.html.j2"
        text_level = self._loader.find(text_name)
        if text_level is None:
            raise jinja2.TemplateNotFound(text_name)
        language = self._loader.folders[text_level].name
        # HTML from a less specific folder would say something else than the text, or say it in another language
        has_html = self.html_file_of(name) is not None
        return _Compiled(
            text=self._load(text_name),
            html=self._load(html_name if has_html else name + _SHAPED),
            language=language,
            direction="rtl" if language in _RIGHT_TO_LEFT else "ltr",
        )

    def _load(self, name: str) -> jinja2.Template:
        environment = self.environment
        if not self._is_shipped:
            return environment.get_template(name)
        key = (name, self._loader.folders, self._loader.read_stamps())
        code = _shipped_code.get(key)
        if code is None:
            # not under its file's name: the lines of the tree come from several files
            tree = link(name, self._parse, environment)
            code = _shipped_code[key] = environment.compile(tree, name, f"shipped {name.removesuffix('.j2')}")
        return environment.template_class.from_code(environment, code, {})

    def _run(self, template: jinja2.Template, values: dict[str, object]) -> str:
        if not self._is_shipped:
            return "".join(self._run_within(template, values))
        # as `Template.render`, but the values are not copied and no error is traced back to a file
        return "".join(template.root_render_func(template.new_context(values, shared=True)))

    def _run_within(self, template: jinja2.Template, values: dict[str, object]) -> list[str]:
        """What a site's template says, within the limits of time and length."""
        self.environment.start_clock()
        pieces, size = [], 0
        for piece in template.generate(values):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_OUTPUT:
                raise SecurityError(f"longer than {MAX_OUTPUT} characters")
        return pieces

    def _parse(self, name: str) -> jinja2.nodes.Template:
        source, filename, _ = self._loader.get_source(self.environment, name)
        return self.environment.parse(source, name, filename)


def describe_error(error: BaseException) -> str:
    """The error with the template file and line it happened in, for the operator."""
    text = " ".join(str(error).split()) or "no further explanation"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"the template {text} does not exist"
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename or 'Subject line'}:{error.lineno}: {error.message}"
    place = _find_place(error.__traceback__)
    kind = "" if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: "
    return f"{place}{kind}{text[:300]}"


class _Loader(jinja2.BaseLoader):
    """Finds a template in the first folder that has it."""

    def __init__(self, folders: tuple[Path, ...], mark: Callable[[str, str], str] | None = None) -> None:
        self.folders = folders
        self._mark = mark
        self._stamps: tuple[tuple[int, int], ...] = ()

    def find(self, name: str) -> int | None:
        """The index of the first folder that holds the file."""
        for index, folder in enumerate(self.folders):
            if (folder / name).is_file():
                return index
        return None

    def find_all(self) -> list[Path]:
        return [path for folder in self.folders if folder.is_dir() for path in sorted(folder.glob("*.j2"))]

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        is_shaped = template.endswith(_SHAPED)
        if is_shaped:
            template = template.removesuffix(_SHAPED) + ".txt.j2"
        source, filename = self._read(template)
        if template.endswith(".txt.j2"):
            first, line_end, rest = source.partition("\n")
            if not first.startswith(_SUBJECT):
                raise jinja2.TemplateSyntaxError("the first line must be `Subject: ...`", 1, template, filename)
            source = to_html(source) if is_shaped else f"{first[len(_SUBJECT):]}{_SUBJECT_END}{line_end}{to_text(rest)}"
        elif self._mark is not None and template.endswith(".html.j2"):
            source = self._mark(source, filename)
        return source, filename, None

    def _read(self, name: str) -> tuple[str, str]:
        index = self.find("/".join(split_template_path(name)))
        if index is None:
            raise jinja2.TemplateNotFound(name)
        path = self.folders[index] / name
        return read_source(path), str(path)

    def read_stamps(self) -> tuple[tuple[int, int], ...]:
        """What tells, once for these folders, that a file in them is another one."""
        if not self._stamps:
            found = [path.stat() for path in self.find_all()]
            self._stamps = tuple([(status.st_mtime_ns, status.st_size) for status in found])
        return self._stamps


def read_source(path: Path) -> str:
    """The text of a template's file; raises ValueError where it is larger than a mail's words can be, or not UTF-8."""
    with path.open("rb") as file:
        raw = file.read(MAX_SOURCE + 1)
    if len(raw) > MAX_SOURCE:
        raise ValueError(f"the file is larger than {MAX_SOURCE // 1000} kB")
    return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html.j2")


def _is_mail(file_name: str) -> bool:
    return file_name.endswith((".txt.j2", ".html.j2")) and file_name not in _FRAMES


def _find_place(traceback: TracebackType | None) -> str:
    place = ""
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if filename.endswith(".j2"):
            place = f"{filename}:{traceback.tb_lineno}: "
        traceback = traceback.tb_next
    return place


def _breaks(text: str) -> Markup:
    """User text for HTML: escaped, its line ends and blanks kept (threat T48)."""
    if not text:
        return _NOTHING
    escaped = str(escape(str(text).expandtabs(4)))
    if "  " in escaped:
        escaped = escaped.replace("  ", "&nbsp; ")
    if escaped.startswith(" ") or "\n " in escaped:
        escaped = ("\n" + escaped).replace("\n ", "\n&nbsp;")[1:]
    return Markup(escaped.replace("\n", "<br>\n"))


def _soft(value: object) -> object:
    """A value within a line of HTML; where it holds a long address, that may be broken behind its "@" and its dots."""
    if not isinstance(value, str) or len(value) < _LONG_WORD or isinstance(value, Markup):
        return value
    if not _LONG.search(value):
        return value
    return Markup(_LONG.sub(lambda found: _SOFT_PLACE.sub("<wbr>", found[0]), str(escape(value))))


def _quoted(text: str) -> str:
    """The text quoted as mail clients do it."""
    lines = text.strip("\n").split("\n")
    return "\n".join([f">{line}" if not line or line.startswith(">") else f"> {line}" for line in lines])


def _mailto(address: str, subject: str = "", body: str = "") -> str:
    """A mailto: link (RFC 6068); blanks as %20, because "+" would stay a plus sign."""
    local, _, domain = address.rpartition("@")
    # a token's local part is letters, digits and "+", and new with every mail: no use to cache it, no need to quote it
    local = local.replace("+", "%2B") if local.replace("+", "").isalnum() and local.isascii() else quote(local, safe="")
    link = f"mailto:{local}@{_quote(domain)}"
    if subject:
        link = f"{link}?subject={_quote(subject)}"
    return f"{link}{'&' if subject else '?'}body={_quote(body)}" if body else link


@jinja2.pass_context
def _counted(context: jinja2.runtime.Context, count: int, **forms: str) -> str:
    """A count with its word in the right plural form: `{{ days|counted(one="# day", other="# days") }}`."""
    return format_count(int(count), str(context.resolve("language")), forms)


def _localise(values: dict[str, object], language: str, timezone: str) -> None:
    """Write times as the language does; they come in ISO 8601."""
    for name in DAYS.intersection(values):
        values[name] = format_day(str(values[name]), language, timezone)
    for name in MOMENTS.intersection(values):
        values[name] = format_moment(str(values[name]), language, timezone)
    history = values.get("history")
    if isinstance(history, tuple) and history:
        values["history"] = tuple(
            [(author, format_moment(str(at), language, timezone), words) for author, at, words in history]
        )


@lru_cache(maxsize=128)
def _quote(text: str) -> str:
    return "".join([_PERCENT[byte] for byte in text.encode("utf-8", "replace")])
