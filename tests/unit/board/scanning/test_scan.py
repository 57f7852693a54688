"""What is found in a text, in five languages and in disguise, and what is left alone."""

from __future__ import annotations

import time

import pytest

from board.scanning import scan

PHONES = [
    ("Appelez-moi au 06 12 34 56 78", "06 12 34 56 78"),
    ("06.12.34.56.78 le soir", "06.12.34.56.78"),
    ("06-12-34-56-78", "06-12-34-56-78"),
    ("06/12/34/56/78", "06/12/34/56/78"),
    ("06:12:34:56:78", "06:12:34:56:78"),
    ("06,12,34,56,78", "06,12,34,56,78"),
    ("06_12_34_56_78", "06_12_34_56_78"),
    ("0612345678", "0612345678"),
    ("0 6 1 2 3 4 5 6 7 8", "0 6 1 2 3 4 5 6 7 8"),
    ("06 12 34\n56 78", "06 12 34\n56 78"),
    ("O6 12 34 56 78 avec la lettre O", "O6 12 34 56 78"),
    ("o6 l2 34 56 78", "o6 l2 34 56 78"),
    ("+33 6 12 34 56 78", "33 6 12 34 56 78"),
    ("+237 699 12 34 56 à Douala", "237 699 12 34 56"),
    ("00 221 77 123 45 67", "00 221 77 123 45 67"),
    ("(06) 12-34.56 78", "06) 12-34.56 78"),
    ("zéro six, douze trente-quatre cinquante-six soixante-dix-huit", None),
    ("zéro six douze trente-quatre cinquante-six soixante-dix-huit", None),
    ("zero-six / 12 / trente quatre / 56 / 78", None),
    ("zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit", None),
    ("oh six one two three four five six seven eight", None),
    ("zero seven nine double? seven nine one one two three four five", None),
    ("seis uno dos tres cuatro cinco seis siete ocho", None),
    ("seis doce treinta y cuatro cincuenta y seis setenta y ocho", None),
    ("nove um dois três quatro cinco meia sete oito", None),
    ("صفر ستة واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية", None),
    ("اتصل على ٠٦١٢٣٤٥٦٧٨", "٠٦١٢٣٤٥٦٧٨"),
    ("٠٦ ١٢ ٣٤ ٥٦ ٧٨", "٠٦ ١٢ ٣٤ ٥٦ ٧٨"),
    ("۰۶۱۲۳۴۵۶۷۸ en chiffres persans", "۰۶۱۲۳۴۵۶۷۸"),
    ("０６１２３４５６７８", "０６１２３４５６７８"),
    ("0️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", None),
    ("06\u200b12\u200b34\u200b56\u200b78", None),
    ("tél : 77 12 34", "77 12 34"),
    ("call me 555 123", "555 123"),
    ("Llámame al 612 345 678", "612 345 678"),
    ("Liga-me: 912 345 678", "912 345 678"),
]

#: Text with figures that no one can call.
NO_PHONES = [
    "Du 20/11/2026 au 25/11/2026",
    "20.11.2026 - 25.11.2026",
    "2026-11-20 2026-11-25",
    "20/11/26-25/11/26",
    "20/11/26 25/11/26",
    "Lundi 9:00-12:00, 14:00-18:00",
    "Lundi 9h00-12h00 14h00-18h30",
    "de 09h à 12h et de 14h à 18h",
    "Ouvert 09-12 14-18",
    "10.00-12.00 et 14.00-18.00",
    "09:30 12:30 14:00 18:00",
    "2024-2026",
    "2024/2025, 2025/2026",
    "75011 Paris",
    "12 bis rue de Belleville, 75020 Paris",
    "Lyon 69003, 69007, 69008",
    "N° 12, 14, 16 et 18",
    "CEP 01310-100",
    "New York, NY 10001-1234",
    "24h/24, 7j/7",
    "24/7",
    "Appelez le 15, le 17, le 18 ou le 112",
    "Tel. 112",
    "Un loyer de 1 000 000 FCFA",
    "entre 25000 et 30000 FCFA",
    "25 000-30 000 FCFA par mois",
    "De 1.200 a 1.500 euros al mes",
    "Une valise de 23 kg et une de 10 kg, vol AF 1234",
    "un, deux, trois, partez",
    "un, deux ou trois enfants de 3, 5 et 7 ans",
    "one two three, let us go",
    "une heure ou deux, trois au plus",
    "vingt-quatre heures sur vingt-quatre",
    "من ٩:٠٠ إلى ١٢:٠٠ ومن ١٤:٠٠ إلى ١٨:٠٠",
    "٢٠/١١/٢٠٢٦",
    "4.0503, 9.6980",
    "100 % gratuit, 2 à 3 fois par semaine",
]

EMAILS = [
    "Écrivez à marie.dupont@example.org",
    "marie.dupont @ example . org",
    "marie (at) example.org",
    "marie[at]example[dot]org",
    "marie {at} example.org",
    "marie arobase example point fr",
    "marie arobase gmail",
    "marie chez gmail point com",
    "marie at gmail dot com",
    "marie at gmail.com",
    "marie arroba ejemplo punto es",
    "maria arroba exemplo ponto pt",
    "MARIE＠EXAMPLE.ORG",
    "ｍarie@example．org",
    "marie@exam\u200bple.org",
    "mаrie@example.org avec un а cyrillique",
    "مريم@example.org",
    "marie at example dot org",
    "mon nom puis gmail point com",
]
NO_EMAILS = [
    "I work at booking.com in the evening",
    "Meet at the station. Come early",
    "Rendez-vous chez moi à midi. Merci",
    "@ bientôt",
    "prix : 3 @ 2 euros",
    "Aide avec Gmail ou Outlook",
    "at home or at work",
]

IBANS = [
    "FR76 3000 6000 0112 3456 7890 189",
    "fr7630006000011234567890189",
    "FR76-3000-6000-0112-3456-7890-189",
    "F R 7 6 3 0 0 0 6 0 0 0 0 1 1 2 3 4 5 6 7 8 9 0 1 8 9",
    "Voici : DE89 3704 0044 0532 0130 00 merci",
    "ES91 2100 0418 4502 0005 1332",
    "PT50 0002 0123 1234 5678 9015 4",
    "GB29 NWBK 6016 1331 9268 19",
    "ＦＲ76 3000 6000 0112 3456 7890 189",
]
NO_IBANS = [
    "FR76 3000 6000 0112 3456 7890 188",
    "DE89 3704 0044 0532 0130",
    "Vol AF12 Paris Douala",
    "ab12 cdef ghij klmn opqr stuv",
]

WORDS = [
    ("Contact sur WhatsApp", "messaging"),
    ("contact: w h a t s a p p", "messaging"),
    ("what's app", "messaging"),
    ("wh4tsapp", "messaging"),
    ("whаtsаpp", "messaging"),
    ("W-h-a-t-s-A-p-p", "messaging"),
    ("Écris-moi sur Télégram", "messaging"),
    ("via Signal", "messaging"),
    ("me chama no zap", "messaging"),
    ("escríbeme por wasap", "messaging"),
    ("text me please", "messaging"),
    ("تواصل عبر الواتساب", "messaging"),
    ("على التلغرام", "messaging"),
    ("Paiement par PayPal", "payment"),
    ("P a y P a l", "payment"),
    ("Western-Union", "payment"),
    ("par wave ou Orange Money", "payment"),
    ("une recharge PCS", "payment"),
    ("virement possible", "payment"),
    ("a gift card", "payment"),
    ("por Bizum", "payment"),
    ("mande a chave Pix", "payment"),
    ("تحويل بنكي", "payment"),
    ("عن طريق ويسترن يونيون", "payment"),
    ("J'ai besoin d'argent", "money"),
    ("J’ai besoin de 200 €", "money"),
    ("besoin de 50 000 FCFA pour le billet", "money"),
    ("I need $300 by Friday", "money"),
    ("Could you lend me something?", "money"),
    ("Necesito dinero", "money"),
    ("necesito 150 euros", "money"),
    ("preciso de dinheiro", "money"),
    ("preciso de 500 reais", "money"),
    ("أحتاج إلى المال", "money"),
    ("محتاج ٢٠٠ يورو", "money"),
    ("Je cherche du Tramadol", "prescription"),
    ("tr4mad0l", "prescription"),
    ("avec mon ordonnance", "prescription"),
    ("sin receta", "prescription"),
    ("com receita", "prescription"),
    ("an antibiotic", "prescription"),
    ("بدون وصفة طبية", "prescription"),
    ("Il a confisqué mon passeport", "danger"),
    ("pensées suicidaires", "danger"),
    ("he beats me", "danger"),
    ("mi marido me pega", "danger"),
    ("ele me bate", "danger"),
    ("زوجي يضربني", "danger"),
]
NO_WORDS = [
    "Je peux faire vos courses et les porter chez vous.",
    "Aller chercher des médicaments à la pharmacie",
    "I need medicine picked up from the pharmacy.",
    "Une recette de cuisine, una receta de cocina, uma receita de bolo",
    "Une vague de chaleur, a heat wave",
    "Cours de violon et de piano",
    "Le point de rendez-vous est devant la gare",
    "Je donne un lit et 2 chaises",
    "Aide pour remplir le dossier de la CAF",
    "J'offre 10 euros de l'heure pour le jardin",
    "Le cinéma coûte 8 €",
    "Il fait des signaux, signal faible",
    "A loan of a book? No: I give books.",
    "Necesito ayuda para la mudanza",
    "Preciso de ajuda com as compras",
    "أحتاج إلى مساعدة في التسوق",
    "أعطي دروسا في اللغة العربية",
    "Envoyer un colis à ma mère",
    "Garder un chat pendant deux semaines",
]


def found(text: str) -> dict[str, list[str]]:
    """Reason → the parts of the text."""
    by_reason: dict[str, list[str]] = {}
    for each in scan(text):
        by_reason.setdefault(each.reason, []).append(text[each.start : each.end])
    return by_reason


@pytest.mark.parametrize(("text", "part"), PHONES)
def test_a_telephone_number_is_found(text: str, part: str | None) -> None:
    """In figures of every script, in words, and with signs between."""
    phones = found(text).get("phone", [])
    assert len(phones) == 1
    assert part is None or phones == [part]


@pytest.mark.parametrize("text", NO_PHONES)
def test_what_cannot_be_called_is_left_alone(text: str) -> None:
    """Dates, hours, prices, post codes, door numbers."""
    assert "phone" not in found(text)


@pytest.mark.parametrize("text", EMAILS)
def test_an_address_is_found(text: str) -> None:
    """Typed, spaced, or written around."""
    assert "email" in found(text)


@pytest.mark.parametrize("text", NO_EMAILS)
def test_what_is_no_address_is_left_alone(text: str) -> None:
    """ "At" and "chez" are words of every day."""
    assert "email" not in found(text)


@pytest.mark.parametrize("text", IBANS)
def test_an_iban_is_found(text: str) -> None:
    """By its checksum, however it is spaced; it is no telephone number as well."""
    assert "iban" in found(text)
    assert "phone" not in found(text)


@pytest.mark.parametrize("text", NO_IBANS)
def test_a_wrong_checksum_is_no_iban(text: str) -> None:
    """One digit off, or too short."""
    assert "iban" not in found(text)


@pytest.mark.parametrize(("text", "reason"), WORDS)
def test_a_listed_word_is_found(text: str, reason: str) -> None:
    """In five languages, with accents, letters of other scripts and signs between."""
    assert reason in found(text)


@pytest.mark.parametrize("text", NO_WORDS)
def test_ordinary_words_are_left_alone(text: str) -> None:
    """A false alarm costs somebody a day."""
    assert found(text) == {}


def test_the_part_that_is_marked_is_that_of_the_original() -> None:
    """Accents, ligatures and marks before it do not shift it."""
    text = "Œuvre d'été ﬁnie : écris à zoé@example.org, ça presse"
    assert found(text) == {"email": ["zoé@example.org"]}


def test_the_mark_ends_with_what_was_found() -> None:
    """The next sentence is not part of an address."""
    text = "Écrivez à marie arobase gmail point com. Paiement en argent. a@b.org. Merci"
    assert found(text)["email"] == ["marie arobase gmail point com", "a@b.org"]


def test_a_long_hostile_text_is_read_in_time() -> None:
    """No pattern runs away on 4,000 characters made for it."""
    start = time.process_time()
    for text in (
        "a " * 2000,
        "1 " * 2000,
        "a.b@" * 1000,
        "w h a t s a p " * 285,
        "fr76" * 1000,
        "un deux " * 500,
        "besoin " * 570,
        "(at) " * 800,
        "." * 4000,
        "1-" * 2000,
    ):
        scan(text)
    assert time.process_time() - start < 5
