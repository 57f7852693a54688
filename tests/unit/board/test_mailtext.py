"""What a person wrote in a mail, in five languages and many programs."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from board import mailtext
from board.mailtext import MARKER, plain_text, spoken

QUOTE = "> Bonjour,\n> Demain à dix heures ?\n"

#: How mail programs introduce what they quote, in the languages of the board and one more.
INTRODUCTIONS = [
    "On Tue, Nov 24, 2026 at 10:15 AM Entraide <c+abc@board.example> wrote:",
    "On 24/11/2026 10:15, Entraide wrote:",
    "Le mar. 24 nov. 2026 à 10:15, Entraide <c+abc@board.example> a écrit :",
    "Le 24/11/2026 à 10:15, Entraide a écrit\u00a0:",
    "El mar, 24 nov 2026 a las 10:15, Entraide (<c+abc@board.example>) escribió:",
    "El 24/11/26 a las 10:15, Entraide escribió:",
    "Em ter., 24 de nov. de 2026 às 10:15, Entraide <c+abc@board.example> escreveu:",
    "Em 24/11/2026 10:15, Entraide escreveu:",
    "في ثلاثاء، 24 نوفمبر 2026 في 10:15 ص تمت كتابة ما يلي بواسطة <c+abc@board.example>:",
    "في 24/11/2026 10:15، كتب Entraide:",
    "\u200fبتاريخ الثلاثاء، ٢٤ نوفمبر ٢٠٢٦، كتب Entraide <c+abc@board.example>:",
    "Am 24.11.2026 um 10:15 schrieb Entraide:",
    "On Tue, Nov 24, 2026 at 10:15 AM Entraide\n<c+abc@board.example> wrote:",
    "Le mardi 24 novembre 2026 à 10:15:30 UTC+1, Entraide\n<c+abc@board.example> a\nécrit :",
    "24 ноя 2026 г., Entraide <c+abc@board.example> написал:",
]
#: What some programs put instead, above the headers of the quoted mail.
HEADERS = [
    "-----Original Message-----\nFrom: Entraide\nSent: Tuesday\n",
    "-------- Message d'origine --------\nDe : Entraide\n",
    "-----Message d’origine-----\nDe : Entraide\n",
    "-----Mensaje original-----\nDe: Entraide\n",
    "-----Mensagem original-----\nDe: Entraide\n",
    "-----الرسالة الأصلية-----\nمن: Entraide\n",
    "________________________________\nFrom: Entraide\nSent: 24 November\nTo: me\nSubject: x\n",
    "De : Entraide <c+abc@board.example>\nEnvoyé : mardi 24 novembre\nÀ : moi\nObjet : x\n",
    "De: Entraide\nEnviado el: martes, 24 de noviembre\nPara: mí\nAsunto: x\n",
    "De: Entraide\nEnviada em: terça-feira, 24\nPara: mim\nAssunto: x\n",
    "من: Entraide\nتاريخ الإرسال: الثلاثاء\nإلى: أنا\nالموضوع: س\n",
]
ANSWERS = ["D'accord, à demain.", "Yes,\n\nsee you there.", "De acuerdo", "Combinado", "حسنا، غدا"]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_quote_below_is_left_out(answer: str, introduction: str) -> None:
    """With the line that introduces it, in one, two or three lines."""
    assert spoken(f"{answer}\n\n{introduction}\n{QUOTE}") == answer
    assert spoken(f"{answer}\r\n\r\n{introduction}\r\n\r\n{QUOTE}") == answer


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_quoted_mail_below_is_left_out(answer: str, headers: str) -> None:
    """Programs that mark no lines put headers above."""
    assert spoken(f"{answer}\n\n{headers}\nBonjour,\nDemain ?") == answer


@pytest.mark.parametrize(
    "above",
    ["", "Le 24 nov. 2026, Entraide a écrit :\n\n", "Tanggal 24 Nov 2026 Entraide menulis:\n"],
)
def test_our_own_line_ends_what_was_written(above: str) -> None:
    """Whatever the language and the program, nothing below our line is taken."""
    text = f"D'accord.\n\n{above}{MARKER} Répondez au-dessus {MARKER}\n\nBonjour,\nUn message"
    assert spoken(text) == "D'accord."
    quoted = f"D'accord.\n\n{above}> {MARKER} Répondez au-dessus {MARKER}\n> Bonjour,"
    assert spoken(quoted) == "D'accord."


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAwa Diop\n+221 77 000 00 00",
        "--\nAwa",
        "Envoyé de mon iPhone",
        "Envoyé depuis l'application Mail",
        "Sent from my Galaxy",
        "Get Outlook for Android",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "أرسلت من الـ iPhone",
        "تم الإرسال من هاتفي",
    ],
)
def test_a_signature_is_left_out(signature: str) -> None:
    """With the telephone number that somebody forgot in it."""
    assert spoken(f"À demain.\n\n{signature}\n") == "À demain."


@pytest.mark.parametrize(
    "text",
    [
        "Voici ce que j'apporte :\n- du riz\n- de l'huile",
        "Il m'a écrit hier : venez demain.",
        "Je viens le 24/11/2026 à 10:15 avec Awa :\nelle parle wolof.",
        "From: the station, two minutes on foot.",
        "De : la gare, deux minutes à pied.",
        "-- pas de sucre --",
        "Rendez-vous à 10:30 :\n\nplace du marché",
        "1. un\n2. deux\n\n3. trois",
        "She wrote: come tomorrow",
    ],
)
def test_what_only_looks_like_a_quote_stays(text: str) -> None:
    """Lists, colons and dates are what people write."""
    assert spoken(text) == text


def test_an_answer_between_quotes_keeps_its_words() -> None:
    """Who answers line by line is read without the lines of the other."""
    text = "> Demain ?\nOui.\n> À dix heures ?\nPlutôt onze.\n"
    assert spoken(text) == "Oui.\nPlutôt onze."


def test_invisible_and_reversing_marks_are_left_out() -> None:
    """What the board would refuse in a form is not worth refusing a mail for."""
    assert spoken("a\u202eb\u200bc\x00d\ufffd") == "abcd"


@given(st.text(max_size=400))
def test_any_text_is_taken_and_only_gets_shorter(text: str) -> None:
    """Nothing is invented, and no text breaks it."""
    said = spoken(text)
    assert len(said) <= len(text)
    assert spoken(said) == said or len(spoken(said)) <= len(said)


@given(st.binary(max_size=600))
def test_any_bytes_are_read(raw: bytes) -> None:
    """Whatever comes in by SMTP raises nothing."""
    mailtext.read(raw)
    mailtext.read(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + raw)
    mailtext.read(b"Content-Type: text/html; charset=" + raw)


def test_html_becomes_lines_without_its_quotes() -> None:
    """What a reader sees, as text."""
    html = (
        "<html><head><style>p {}</style></head><body><p>D&rsquo;accord,<br>à&nbsp;demain.</p>"
        "<ul><li>riz</li><li>huile</li></ul><script>x()</script>"
        '<div class="gmail_quote"><div>Le 24 nov., on a écrit :</div><blockquote>Bonjour'
        "</blockquote></div><p>Awa</p></body></html>"
    )
    lines = [line for line in plain_text(html).split("\n") if line]
    assert lines == ["D’accord,", "à demain.", "riz", "huile", "Awa"]


def mail(**headers: str) -> EmailMessage:
    """A mail with a text."""
    message = EmailMessage()
    message["From"] = "a@example.org"
    message["Message-ID"] = "<one@example.org>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("D'accord.\n")
    return message


def test_the_text_of_a_mail_is_preferred_to_its_html() -> None:
    """And HTML is read where there is no text."""
    both = mail()
    both.add_alternative("<p>Autre</p>", subtype="html")
    assert mailtext.read(both.as_bytes()).text == "D'accord."
    only = EmailMessage()
    only.set_content("<p>Autre<br>chose</p>", subtype="html")
    assert mailtext.read(only.as_bytes()).text == "Autre\nchose"


@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        ({}, False),
        ({"Auto_Submitted": "no"}, False),
        ({"Auto_Submitted": "auto-replied"}, True),
        ({"Auto_Submitted": "auto-generated; x=y"}, True),
        ({"Precedence": "bulk"}, True),
        ({"Precedence": "Auto_Reply"}, True),
        ({"Precedence": "first-class"}, False),
        ({"List_Id": "<a.example.org>"}, True),
        ({"List_Unsubscribe": "<mailto:a@example.org>"}, True),
        ({"X_Autoreply": "yes"}, True),
    ],
)
def test_what_a_machine_wrote_is_known(headers: dict[str, str], automatic: bool) -> None:
    """By its own headers."""
    assert mailtext.read(mail(**headers).as_bytes()).automatic is automatic


def test_a_report_of_delivery_is_a_machine() -> None:
    """Though it has none of these headers."""
    raw = b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\nFailed\r\n--x--\r\n"
    assert mailtext.read(raw).automatic


def test_files_are_told_from_pictures_of_a_signature() -> None:
    """What somebody attached is a file; a logo inside the text is none."""
    attached = mail()
    attached.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    assert mailtext.read(attached.as_bytes()).has_attachment
    logo = EmailMessage()
    logo.set_content("<p>D'accord.<img src='cid:logo'></p>", subtype="html")
    logo.add_related(b"PNG", "image", "png", cid="<logo>")
    assert not mailtext.read(logo.as_bytes()).has_attachment
    assert mailtext.read(attached.as_bytes()).text == "D'accord."


def test_an_unknown_charset_is_read_as_far_as_it_goes() -> None:
    """Its ASCII is better than nothing."""
    raw = b"Content-Type: text/plain; charset=x-none\r\n\r\nD'accord \xe9\r\n"
    assert mailtext.read(raw).text == "D'accord"
