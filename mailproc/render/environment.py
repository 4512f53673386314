"""One language's templates, compiled in a sandbox; reads template files and nothing else.

Importing this module imports jinja2: only `renderer` and `probechild` do it, when they load templates.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from mailproc.render.linking import link
from mailproc.render.localising import format_count, format_day, format_moment
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
    TypeError,
    ValueError,
)
MAX_OUTPUT = 1_000_000  # characters of one part
_MAX_PRODUCT = 10_000  # characters that `text * number` or `text % values` may make
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
_WIDTH = re.compile(r"%[^a-zA-Z%]*(?:\d{4}|\*)")
_SUBJECT = "Subject:"
_SUBJECT_END = "\x01"  # ends the subject in what a text template makes; cleaned values cannot hold it
_NOTHING = Markup("")
_PERCENT = tuple(quote(bytes([byte]), safe="") for byte in range(256))
_SHAPED = ".shaped.html.j2"  # the HTML made of a text template; no file has that name
_FRAMES = frozenset({"layout.html.j2", "parts.html.j2"})


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
        self.environment = _Sandbox(
            loader=self._loader,
            undefined=jinja2.StrictUndefined,
            autoescape=_is_html,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.environment.globals = {"range": self.environment.globals["range"]}
        del self.environment.filters["random"]  # the same values must give the same bytes
        self.environment.filters |= {"breaks": _breaks, "quoted": _quoted, "mailto": _mailto, "counted": _counted}
        self._compiled: dict[str, _Compiled] = {}

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
        return any(
            root in path.parents and (path.name.startswith(f"{name}.") or not _is_mail(path.name))
            for path in self._loader.find_all()
        )

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
        shared = {path.name: path for path in reversed(self._loader.find_all()) if not _is_mail(path.name)}
        return [path for path in (self.file_of(name), self.html_file_of(name), *shared.values()) if path is not None]

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
        # not under its file's name: the lines of the tree come from several files
        code = environment.compile(link(name, self._parse, environment), name, f"shipped {name.removesuffix('.j2')}")
        return environment.template_class.from_code(environment, code, {})

    def _run(self, template: jinja2.Template, values: dict[str, object]) -> str:
        if not self._is_shipped:
            return template.render(values)
        # as `Template.render`, but the values are not copied and no error is traced back to a file
        return "".join(template.root_render_func(template.new_context(values, shared=True)))

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


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, with a limit on texts that operators can make; the probe limits the rest."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: object, right: object) -> object:
        is_sized = isinstance(left, str | tuple | list) or isinstance(right, str | tuple | list)
        if operator == "*" and is_sized:
            size, count = (left, right) if isinstance(right, int) else (right, left)
            if isinstance(count, int) and isinstance(size, str | tuple | list) and len(size) * count > _MAX_PRODUCT:
                raise SecurityError(f"this product would be longer than {_MAX_PRODUCT} characters")
        elif operator == "**" and not (isinstance(right, int) and abs(right) <= 64):
            raise SecurityError("powers beyond 64 are not allowed")
        elif operator == "%" and isinstance(left, str) and _WIDTH.search(left):
            raise SecurityError("field widths beyond 999 are not allowed")
        return super().call_binop(context, operator, left, right)


class _Loader(jinja2.BaseLoader):
    """Finds a template in the first folder that has it."""

    def __init__(self, folders: tuple[Path, ...], mark: Callable[[str, str], str] | None = None) -> None:
        self.folders = folders
        self._mark = mark

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
        return path.read_text(encoding="utf-8-sig"), str(path)


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
