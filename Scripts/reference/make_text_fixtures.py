"""Writes Tests/Fixtures/text from the published tokenizer: open_clip's, with ftfy, run as it comes from PyPI.

    pip install --no-deps open_clip_torch==3.3.0 && pip install ftfy==6.3.1 regex==2026.11.15 numpy torch
    python make_text_fixtures.py ../../Tests/Fixtures/text
"""
import gzip
import importlib.util
import json
import pathlib
import random
import sys
import tempfile
import unicodedata

MINI_MERGES = 16384

PACKAGE = pathlib.Path(importlib.util.find_spec("open_clip").origin).parent


def load(name):
    """One module of open_clip, without the rest of the package and what that needs."""
    spec = importlib.util.spec_from_file_location(name, PACKAGE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LANGUAGES = """
un gato negro | el niño y la niña | ¿dónde está? | ¡olé! | ein großes Haus | Straßenbahn | Überführung | Äpfel und Öl
une forêt brûlée | l'œuf | garçon | à la carte | Noël | çà et là | ÉCOLE FRANÇAISE | crème brûlée | un château d’eau
cão e pão | maçã | às vezes | årgang | smørrebrød | blåbær | ærlig | þorn | Reykjavík | ökad | tyttö | hyvää päivää
książka | źdźbło | łódź | ŻÓŁW | příliš žluťoučký kůň | ČÍŽEK | ÚŽAS | Ľubľana | kôň | őrült | hűvös | ţară | şapte | ştiinţă
İSTANBUL | Iğdır | ılık | IŞIK | çiçek | şeker | ğ | ščenc | đak | Đorđe | žena | ljubav | Ǆep | ņemt | šķēps | ąžuolas | ūkis
κόκκινο αυτοκίνητο | ΟΔΟΣ | Σίσυφος | ΣΊΣΥΦΟΣ | ὁ ἄνθρωπος | ᾳ ῼ ΐ | ΆΈΉΊΌΎΏ | Ελλάδα | ΑΣ ΣΑ Σ | ΤΟΥ Σ’
красная машина | ЁЛКА | ёжик | Київ | їжак | ґанок | Ѓорѓи | Љубљана | Ћуприја | бұлт | Ӱ | Привет, мир! | ЦІЛІ | НІ | чай-кофе
قطة سوداء | السلام عليكم | كِتَابٌ | گربه | پنجره | ‏مرحبا‏ | بِسْمِ ٱللَّٰهِ | لا | ﷺ | العَرَبِيَّة | ١٢٣٤ | ۴۵۶
חתול שחור | שָׁלוֹם | בראשית | ״ציטוט״ | Yiddish ייִדיש | עברית English | ܫܠܡܐ | ދިވެހި | ߒߞߏ | አማርኛ | ትግርኛ | ᏣᎳᎩ | Ꮳ ꮳ
काली बिल्ली | हिन्दी | क़लम | मराठी | বাংলা | ড়ঢ়য় | ગુજરાતી | ਪੰਜਾਬੀ | தமிழ் | తెలుగు | ಕನ್ನಡ | മലയാളം | සිංහල | नमस्ते १२३
ภาษาไทย | น้ำ | ແມວ | ភាសាខ្មែរ | မြန်မာ | བོད་ཡིག | ქართული | ᲥᲐᲠᲗᲣᲚᲘ | Հայերեն | և | ՈՒ | ᠮᠣᠩᠭᠣᠯ | ꦗꦮ | ᜊᜌ᜔ | ⵜⴰⵎⴰⵣⵉⵖⵜ | 𐐔𐐯𐑅 | 𞤀𞤣
黑猫 | 红色的汽车 | 繁體中文 | 一二三 | 〇 | 猫が好き | ネコ | ﾈｺ | ガギグ | ｶﾞｷﾞｸﾞ | ﾊﾟﾋﾟ | ｱｲｳ･ﾞ | ～〜 | ㈱ ㍿ ㎏ | 「引用」 | ー—― | 々〆 | ゟヿ
고양이 | 한국어 | ㄱㄴㄷ | ﾡﾤ ﾂￃ | 한글 | 가각 | ᄀᄀ | ｟ｗ｠ | ￥１００￡ | ￦￠￢￣￤ | ￨￩￪￫￬￭￮ | Ｃａｆｅ́ | ｈｔｔｐ：／／
Tiếng Việt | đường phố | Ơ Ư | ấ ầ ẩ | ẞ GROẞ | ŉ ĳsje Ĳ | ǅ ǆ Ǉ ǈ ǉ Ǌ ǋ ǌ Ǳ ǲ ǳ | ﬀ ﬁ ﬂ ﬃ ﬄ ﬅ ﬆ ﬓ ﬡ | ʼn ʻ ʽ ˈ | ǖ ǘ | Ⱥ Ⱦ
"""

SHAPES = """
😀 😃😄 | 👍🏽 | 👨‍👩‍👧‍👦 | 🏳️‍🌈 | 🇩🇪🇫🇷 | ❤️ ❤ | ☃ ☂ | 1️⃣ #️⃣ | 🏴󠁧󠁢󠁷󠁬󠁳󠁿 | 🧑🏿‍🚀 | ✈️ | ©®™ | ♀♂ | 🤷‍♀️ | ⌘⌥ | ☺︎ | 🫠🫶 | ▶️◀ | 🅰🅱 | 🈁 | ♠♥♦♣
½ ¼ ¾ ⅓ | ² ³ ¹ ⁴ ₂ | Ⅷ ⅷ Ⅻ ↀ | ① ⑩ ⒈ ⓪ Ⓐ ⓐ | ٣٤ ४५ ๕๖ ༣ ៥ ᠓ | １２３ | 𝟎𝟙𝟚 𝟑 | 〡〢 ㊀ ㉑ | ൰ ௧ ፩ ፻ | 𐄇 𒐀 𝋠 | 3D 4k 1080p | h2o CO₂ | 10⁻³ | ½cup
e\u0301 E\u0301 | a\u030a | n\u0303o | o\u0308\u0304 | \u0301alone | q\u0307\u0323 q\u0323\u0307 | \u1100\u1161\u11a8 | \u212b \u2126 \u212a | \u0344 | \u0958
a\u0345 \u0345 x\u0345\u0345y \u03b1\u0345 | \u1fbc | z\u0335 | i\u0307 I\u0307 | \u0130x | j\u030c | \u0149t | \u017fs \u017f's 'S | \ufb03x | \u2260 =\u0338
don't DON'T Don'T don\u2019t DON\u2019T | it's IT'S 'twas | they're THEY'RE 're | we've I'VE | he'll HE'LL 'll | she'd SHE'D | I'm 'M | 'ſ 'ſx | y'all'd've
o'clock rock'n'roll | ''s '''t | 's's's | s' t' | 'd'd | 'Re' 'vE | l'll 'l | `s ´s ‘s ‛s ʼs | '5 '5s | can't've | ' s | 'sea 'sand 'tree 'my 'dog 'read 'velvet
<start_of_text> | <START_OF_TEXT> cat | a<end_of_text>b | !<start_of_text> | <ſtart_of_text> | <end_of_text><end_of_text> | <start_of_text | <|startoftext|> | </w> a</w>
a-b c--d e–f g—h | a/b\\c|d | #tag @you $5 %x ^y &z *w | "double" 'single' | ... … ‥ | ?!?! ¿¡ | (a)[b]{c}<d> | ~`_+= | a_b__c | {} {0} {}{} | ,.
http://a.b/c?d=e&f=g#h | name@example.org | C:\\dir\\file | 12:30:45 | 2020-01-31 | 1,234.5 | +1-800 | v1.2.3 | x=y&copy=z | a&b | R&D AT&T | $1.50 €2 £3 ¥4
snake_case camelCase PascalCase kebab-case SCREAMING | iPhone13ProMax | a1b2c3 | 007 | 0x1F | 1e-5 | ３日 | Nº5 | n°5 | №7 | 50°C | 5′ 6″ | 3×4÷2 | ±1 ≠2 ≤3 | ∞∑∫√ | αβγ δ
"""

ENTITIES = """
&amp; &AMP; &amp &Amp; | &lt;b&gt; a | fish &amp; chips | &amp;amp; &amp;amp;amp; | &quot;x&quot; | &apos;x&apos; | it&apos;s it&#39;s it&#x27;s
&nbsp;x&nbsp;y &NBSP; | &copy; &copy2 &COPY &COPY; | caf&eacute; CAF&EACUTE; CAF&Eacute; | caf&eacute &eAcute; | stra&szlig;e BUNDESSTRA&SZLIG;E
&ntilde; &nTILDE; &Ntilde; &NTILDE; | &hellip; &mdash; &ndash; | &hellip &mdash &MDASH; | &euro;5 &pound;6 &yen;7 | &pound8 &euro9 | &alpha;&beta;&Gamma; &ALPHA; &Alpha;
&lsquo;q&rsquo; &ldquo;q&rdquo; | &frac12; &FRAC12; &frac12x | &sup2; &times; &divide &deg;C | &#65; &#x41; &#X41; | &#65 &#x41g &#x4G; | &#0; | &#128; &#x80; &#150; &#x9f; | &#129;
&#55357; &#xD83D;&#xDE00; | &#x1F600; | &#1114111; &#1114112; | &#99999999999999999999; | &#x110000; &#xFFFFFFFFFFFF; | &#10;x &#13;x &#9;x &#32;x | &#1;x &#11;x &#127;x &#xFDD0;x &#xFFFE;x
&#; &#x; &#xg; | & && &; | && &;amp; &amp | &#59; &#x3b; | &amp;#39; &amp;eacute; &amp;lt; | &#38;#38; | &#38;amp; | &unknown; &unknown &xyz | a&notb a&not b | a&notin;b &notit; | this&not that
&lang;x&rang; &LANG; | &thorn; &THORN; &eth; &ETH; | &ordf &ordm; | &shy;x so&shy;ft | &zwj; &zwnj; &lrm; | &dagger; &Dagger; &DAGGER; | <b>bold</b> &eacute; | <a href="x">&amp;amp;</a>
a < b &amp; c > d | &lt;b&gt;&eacute;&lt;/b&gt; | &amp;lt;&amp;amp;eacute; | 1 &lt; 2 &AMP; 3 &gt; 2 | &ensp;a&emsp;b&thinsp;c | &infin; &ne; &le; &GE; &sum; | &larr;&rarr; &LARR; | &GT;&LT;&QUOT;&REG; | &Reg; &aMP; | &#x00000000000041; &#00000000000000000000065;
"""


def sentences(block):
    """The texts of a block, separated by ` | ` or the end of a line."""
    return [text for line in block.strip().split("\n") for text in line.split(" | ")]


ODD_SPACE = [
    "", " ", "\t", "\n", "\r\n", " \n \t ", "a\tb", "a\nb", "a\r\nb", "a\rb", "a\x0bb", "a\x0cb", "a\x85b", "a\xa0b", "a\u1680b",
    "a\u2000b\u2001c\u200ad", "a\u2028b\u2029c", "a\u202fb\u205fc\u3000d", "a\u200bb", "a\u2060b", "a\ufeffb", "\ufeffa",
    "  lead and trail  ", "many     spaces    between", "\u3000full\u3000width\u3000", "a\u180eb", "\x1ca\x1db\x1ec\x1fd",
    "line one &amp;\nline < two &amp;\nline three &amp;amp; &eacute;", "a\n\n\nb", "soft\xadhyphen", "zwj\u200dzwnj\u200cx",
]
CONTROLS = [
    "a\x00b", "bell\x07", "back\x08space", "esc\x1b", "\x1b[31mred\x1b[0m car", "\x1b[1;32;40mbold\x1b[K", "\x1b[x", "\x1b[12", "\x1b[;m!", "\x1b]0;t\x07", "\x1b\x1b[0mx",
    "del\x7fete", "\x01\x02\x03", "c1\x80\x81\x9f", "\x91quoted\x92", "\x93double\x94", "dash\x96\x97", "dots\x85", "\x99 \x8d",
    "\u206aa\u206fb", "\ufff9a\ufffab\ufffb", "\ufffcobject", "\ufffdlost", "\u202eright to left\u202c", "\u2066isolate\u2069", "\u200ea\u200fb",
    "\ue000private", "\U000f0000plane", "\ufdd0non", "\uffff", "\U0010ffff", "tag\U000e0041", "vs\ufe0f\U000e0100", "a\u034fb", "\u115f\u1160\u3164\uffa0",
]
QUOTES = [
    "“double” ‘single’", "„low” ‚low‘", "‟high‛", "«guillemets» ‹single›", "don’t", "rock ’n’ roll", "ʼokina ʻokina", "it′s 5″", "「」『』", "＂full＂ ＇x＇", "‘“nested”’",
    "NESCAFÉ® GOLD", "NESCAFÉ®", "CAFÉ™ ©", "À…", "«É»", "“É”", "É’s", "caf锅", "résumé—…", "«café»…", "Ü“ und „Ä“", "5°É", "naïve—“é”", "ß²", "Maß¹", "Ç", "Å", "Ã", "Â", "Â b", "É·B",
    "Ð", "Œuvre", "œuf", "ŒUVRE Ž", "ÀÉÎÕÜ", "àéîõü", "ÄÖÜß", "Ø§", "ÆØÅ", "¡Ándale!", "ÑANDÚ", "ÇA VA…", "Ö²", "€É", "Ý Þ", "2×3", "3×½",
]
MENDABLE = [
    "café", "naïve façade", "Ångström", "über größe", "señor niño", "«été»", "“curly quotes”", "it’s", "an em—dash", "dots…", "5 €", "£5", "©2020", "½ cup", "–dash–", "•bullet", "™",
    "日本語", "中文字", "한국어", "Привет мир", "Καλημέρα", "שלום", "مرحبا", "हिन्दी", "ภาษาไทย", "😀", "👍🏽 ok", "❤️", "ﬁne", "ＡＢＣ", "žluťoučký", "Łódź", "ğüşiöç", "Ţară", "El Niño ñ", "x² y³",
    "à la mode!", "déjà vu", "Ça", "À", "Ú", "50°C", "ï", "Œuvre", "œuf", "ÿ", "Ÿ", "Š", "ß", "‘x’", "„x“", "☃", "→", "\u00a0x", "№",
]
NOT_MENDABLE_HERE = [
    "voilÃ  le", "Ã la mode", "like this â€�", "cafÃ? noir", "caf\u221a\u00a9", "‚Äúquote‚Äù", "РџСЂРёРІРµС‚", "cafĂ©", "â€œ lost â€?", "├®t├®", "ĂˇrvĂ­ztĹ±rĹ‘", "&checkmark;", "&Jscr;ohn", "&notinva;",
]


def mojibake():
    texts = []
    for text in MENDABLE:
        for encoding in ["latin-1", "windows-1252"]:
            garbled = "".join(
                bytes([byte]).decode(encoding, "replace").replace("\ufffd", chr(byte)) for byte in text.encode())
            texts.append(garbled)
            texts.append(f"a photo of {garbled}, really")
    twice = [text.encode().decode("latin-1").encode().decode("latin-1") for text in MENDABLE[:12]]
    thrice = [text.encode().decode("latin-1") for text in twice[:4]]
    mixed = ["Привет cafÃ©", "日本 â€œxâ€\x9d", "cafÃ© and café", "Ã©Ã¨ 漢字 â‚¬", "â€œmojibakeâ€", "&Atilde;&copy;"]
    return list(dict.fromkeys(texts + twice + thrice + mixed))


def long_texts():
    return [
        "dog " * 100, "a" * 300, "dog " * 74 + "dog", "dog " * 75, "dog " * 76, "1" * 90, "é" * 100, "漢" * 60, "😀" * 60, "word. " * 40,
        "!" * 200, "!?" * 100, "'s" * 50, "supercalifragilisticexpialidocious" * 5, "the quick brown fox jumps over the lazy dog " * 12,
        "xq" * 120, "a photo of a " + "very " * 80 + "big cat.", "<end_of_text>" * 80, "ab" * 500, "-" * 77, " ".join(map(str, range(100))),
    ]


def random_texts(seed, count):
    """Texts of random scalars, picked from ranges where something can go wrong."""
    rng = random.Random(seed)
    ranges = [(0x20, 0x7E)] * 6 + [(0xA0, 0xFF)] + [(0x100, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x6FF)]
    ranges += [(0x900, 0xDFF), (0xE00, 0xEFF), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x218F), (0x2190, 0x27BF)]
    ranges += [(0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFB00, 0xFB4F), (0xFF00, 0xFFEF), (0x1F300, 0x1F6FF), (0x1D400, 0x1D7FF)]
    texts = []
    while len(texts) < count:
        scalars = []
        for _ in range(rng.randint(1, 6)):
            low, high = rng.choice(ranges)
            scalars += [chr(rng.randint(low, high)) for _ in range(rng.randint(1, 4))]
            if rng.random() < 0.4:
                scalars.append(" ")
        text = "".join(scalars)
        # What this Python knows no category of may have one elsewhere.
        if all(unicodedata.category(scalar) != "Cn" for scalar in text):
            texts.append(text)
    return texts


def classes(tokenizer):
    """How the pattern treats each scalar, in runs: [first scalar, class]; L joins letters, N stands alone, P joins
    anything else, S separates, - is not known to this Python."""
    runs = []
    for value in range(0x110000):
        if 0xD800 <= value < 0xE000:
            continue
        scalar = chr(value)
        if unicodedata.category(scalar) == "Cn":
            kind = "-"
        else:
            words = tokenizer.pat.findall(f"q{scalar}q{scalar}{scalar}+")
            kind = {1: "S"}.get(len(words))
            kinds = {
                (f"q{scalar}q{scalar}{scalar}", "+"): "L",
                ("q", scalar, "q", scalar, scalar, "+"): "N",
                ("q", scalar, "q", f"{scalar}{scalar}+"): "P",
                ("q", "q", "+"): "S",
            }
            kind = kinds[tuple(words)]
        if not runs or runs[-1][1] != kind:
            runs.append([value, kind])
    return runs


def single_scalars(tokenizer):
    """What cleaning makes of `q`, a scalar, and `q`, for every scalar that it changes."""
    changed = []
    for value in range(0x110000):
        scalar = chr(value)
        if 0xD800 <= value < 0xE000 or unicodedata.category(scalar) == "Cn":
            continue
        text = f"q{scalar}q"
        cleaned = tokenizer.clean_fn(text)
        if cleaned != text:
            changed.append([value, cleaned])
    return changed


def write(path, rows):
    path.write_text("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")
    print(path, len(rows))


def main():
    folder = pathlib.Path(sys.argv[1])
    module = load("tokenizer")
    full = module.SimpleTokenizer()
    lines = gzip.open(PACKAGE / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8").read().split("\n")
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        file.write(gzip.compress("\n".join(lines[:1 + MINI_MERGES]).encode()))
        file.flush()
        mini = module.SimpleTokenizer(bpe_path=file.name)
    assert mini.vocab_size == MINI_MERGES + 514 and full.vocab_size == 49408

    texts = sentences(LANGUAGES) + sentences(SHAPES) + sentences(ENTITIES)
    texts += ODD_SPACE + CONTROLS + QUOTES + mojibake() + NOT_MENDABLE_HERE + long_texts() + random_texts(1, 150)
    rows = []
    for text in dict.fromkeys(texts):
        row = {"text": text, "clean": full.clean_fn(text)}
        for name, tokenizer in [("ids", full), ("mini", mini)]:
            ids = [tokenizer.sot_token_id, *tokenizer.encode(text), tokenizer.eot_token_id]
            row[name] = ids
            if len(ids) > 77:
                row[name + "77"] = tokenizer(text)[0].tolist()
        rows.append(row)
    write(folder / "tokens.json", rows)
    write(folder / "scalar_classes.json", classes(full))
    write(folder / "scalar_cleaning.json", single_scalars(full))
    templates = load("zero_shot_metadata").OPENAI_IMAGENET_TEMPLATES
    write(folder / "imagenet_prompts.json", [template("{} cat") for template in templates])


if __name__ == "__main__":
    main()
