"""What a person wrote in a mail: its text without quotes and signature. Pure: bytes in, words out.

mail-parser-reply was tried; it knows neither Portuguese nor Arabic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message, MIMEPart
from html.parser import HTMLParser
from typing import Final

#: Stands in every mail that can be answered; whatever follows it is ours.
MARKER: Final = "-=-=-"

#: Values of Precedence that no person sets.
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
#: Headers of mailing lists, answering machines and reports; a person's mail has none.
_MACHINES = ("list-id", "list-unsubscribe", "list-post", "x-autoreply", "x-autorespond")

#: "On … wrote:", as mail programs introduce a quote: a date or an address, a verb, a colon.
_WROTE = re.compile(
    r"^\W*(?:on|le|el|em|no|a|il|am|في|بتاريخ|يوم)?\b.*"
    r"(?:wrote|a [ée]crit|[ée]crivait|escribi[óo]|escreveu|كتب|كتبت|schrieb|ha scritto)"
    r"[\s\u200e\u200f]*[:：].{0,3}$",
    re.IGNORECASE,
)
_DATE_OR_ADDRESS = re.compile(r"\d{1,4}[./: ]\d|\b(?:19|20)\d\d\b|\S@\S|[٠-٩]{2}")
#: "-----Original Message-----" and its likes.
_ORIGINAL = re.compile(
    r"^\W*[-_*]{2,}\s*(?:original message|forwarded message|"
    r"message (?:d['’]origine|transf[ée]r[ée])|mensaje (?:original|reenviado)|"
    r"mensagem (?:original|encaminhada)|"
    r"(?:ال)?رسالة (?:ال)?أصلية|(?:ال)?رسالة (?:ال)?محولة)\s*[-_*]{2,}\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*[_\-*=]{20,}\s*$")
#: The first line of a block of headers, as Outlook puts it above what is quoted …
_FROM = re.compile(r"^[\s>*]*(?:from|de|von|من|المرسل)\s?\*?[:：]", re.IGNORECASE)
#: … and one of the lines that follow it.
_SENT = re.compile(
    r"^[\s>*]*(?:sent|date|to|subject|envoy[ée](?: le)?|[àa]|objet|enviado(?: el| em)?|fecha|para|"
    r"asunto|enviada(?: em)?|data|assunto|تاريخ الإرسال|التاريخ|إلى|الموضوع)\s?\*?[:：]",
    re.IGNORECASE,
)
_MOBILE = re.compile(
    r"^\W*(?:sent from|get outlook for|envoy[ée] (?:de|depuis|à partir de)|"
    r"t[ée]l[ée]chargez outlook|enviado desde|obtener outlook|"
    r"enviado (?:do|a partir do|pelo)|obter o outlook|"
    r"أرسلت? من|تم الإرسال من|أُرسلت من)\b.{0,80}$",
    re.IGNORECASE,
)
_BREAKS = frozenset(
    {"address", "article", "br", "div", "dd", "dt", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p"}
    | {"pre", "section", "table", "tr", "ul"}
)
_UNSEEN = frozenset({"head", "script", "style", "title", "template"})
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "area", "base", "col"})
#: Marks of direction and width that mail programs put around quotes.
_MARKS = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\ufeff\u2066\u2067\u2068\u2069"))
_MARKS |= dict.fromkeys(range(0x202A, 0x202F))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A mail that came in, as far as the board takes it."""

    #: As its sender's program named it; "" where it did not.
    message_id: str
    #: Whether a machine wrote it: an answering machine, a list, a report.
    automatic: bool
    #: What the person wrote; "" where nothing is left.
    text: str
    #: Whether files came with it.
    has_attachment: bool


def read(raw: bytes) -> Incoming:
    """A mail as it arrived. Whatever its form, this raises nothing."""
    try:
        # The plain policy reads headers that the modern one fails on.
        plain = message_from_bytes(raw, policy=policy.compat32)
    except RecursionError:
        # Parts in parts in parts: no person's program writes that.
        return Incoming(message_id="", automatic=True, text="", has_attachment=False)
    try:
        body, has_attachment = _body(message_from_bytes(raw, EmailMessage, policy=policy.default))
    except Exception:
        # The library's parsers meet what nobody wrote a test for: such a mail has no text for us.
        body, has_attachment = "", False
    return Incoming(
        message_id=str(plain.get("Message-ID", "")).strip()[:998],
        automatic=_is_automatic(plain),
        text=spoken(body),
        has_attachment=has_attachment,
    )


def _is_automatic(message: Message) -> bool:
    """RFC 3834 and what older programs do."""
    submitted = str(message.get("Auto-Submitted", "no")).strip().lower()
    precedence = str(message.get("Precedence", "")).strip().lower()
    return (
        submitted.partition(";")[0].strip() != "no"
        or precedence in _BULK
        or any(name in message for name in _MACHINES)
        or message.get_content_type() == "multipart/report"
    )


def _body(message: EmailMessage) -> tuple[str, bool]:
    """The text of a mail, and whether files came with it."""
    part = message.get_body(("plain", "html"))
    text = ""
    if part is not None:
        content = _content(part)
        text = content if part.get_content_subtype() == "plain" else plain_text(content)
    return text, any(_is_file(each, part) for each in message.walk())


def _is_file(part: Message, body: Message | None) -> bool:
    """Whether a part is a file that somebody attached; a picture inside a signature is none."""
    if part is body or part.is_multipart():
        return False
    return part.get_content_disposition() == "attachment" or (
        part.get_content_maintype() != "text" and part.get("Content-ID") is None
    )


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        # A charset that nobody knows: its ASCII is better than nothing.
        payload = part.get_payload(decode=True)
        return payload.decode("ascii", "ignore") if isinstance(payload, bytes) else ""


class _Reader(HTMLParser):
    """Collects what a reader of the page sees, without what it quotes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = " ".join(value or "" for name, value in attrs if name in ("class", "id"))
        if self._hidden:
            if tag not in _VOID:
                self._hidden.append(tag)
        elif tag in _UNSEEN or tag == "blockquote" or "gmail_quote" in names:
            self._hidden.append(tag)
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        elif not self._hidden and tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"[ \t\r\n\xa0]+", " ", data))


def plain_text(html: str) -> str:
    """An HTML mail as text: a line for each block, quotes left out."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (line.strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def spoken(text: str) -> str:
    """What the person wrote: without quotes, the line that introduces them, and the signature."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").translate(_MARKS))
    lines = text.split("\n")
    kept = [line for line in lines[: _end(lines)] if not line.lstrip().startswith(">")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept)).strip()


def _end(lines: list[str]) -> int:
    """Number of the line from which on nothing is the writer's."""
    for number, line in enumerate(lines):
        if MARKER in line:
            return _above_introduction(lines, number)
        if line.rstrip() == "--" or line == "-- " or _ORIGINAL.match(line) or _MOBILE.match(line):
            return number
        if _introduces(lines, number) or _begins_headers(lines, number):
            return number
    return len(lines)


def _introduces(lines: list[str], number: int) -> bool:
    """Whether "On … wrote:" begins here; mail programs break it over up to three lines."""
    for joined in _joined(lines, number):
        if _WROTE.match(joined) and _DATE_OR_ADDRESS.search(joined):
            return True
    # In a language that we do not know: a date or address, a colon, and then a quote.
    follows = next((line for line in lines[number + 1 :] if line.strip()), "")
    return (
        lines[number].rstrip().endswith(":")
        and follows.lstrip().startswith(">")
        and bool(_DATE_OR_ADDRESS.search(lines[number]))
    )


def _joined(lines: list[str], number: int) -> Iterator[str]:
    """The line, and the line with the one or two that follow it."""
    joined = lines[number].strip()
    if not joined or len(joined) > 300:
        return
    yield joined
    for line in lines[number + 1 : number + 3]:
        if not line.strip():
            return
        joined = f"{joined} {line.strip()}"
        yield joined


def _begins_headers(lines: list[str], number: int) -> bool:
    """Whether a quoted mail's headers begin here, perhaps under a rule."""
    first = number
    if _RULE.match(lines[number]):
        first = next((n for n in range(number + 1, len(lines)) if lines[n].strip()), number)
    if not _FROM.match(lines[first]):
        return False
    following = [line for line in lines[first + 1 : first + 8] if line.strip()][:4]
    return sum(bool(_SENT.match(line)) for line in following) >= 2


def _above_introduction(lines: list[str], number: int) -> int:
    """The line above what introduces a quote of ours, in whatever language it does."""
    end = number
    while end > 0 and not lines[end - 1].strip(" >\t"):
        end -= 1
    begin = end
    while begin > 0 and lines[begin - 1].strip() and end - begin < 3:
        begin -= 1
    block = " ".join(line.strip() for line in lines[begin:end])
    introduces = block.endswith((":", "：")) and bool(_DATE_OR_ADDRESS.search(block))
    return begin if introduces else number
