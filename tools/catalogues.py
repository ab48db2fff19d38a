"""Bring the catalogues of the site up to date: its own sentences, the library's, and the specs'.

  python tools/catalogues.py          extracts, updates every catalogue, compiles it
  python tools/catalogues.py fr       as well, for a language that is new
  python tools/catalogues.py --check  ends with 1 where that would change anything

A catalogue is ``web_demo/satchel_web/translations/LANGUAGE/LC_MESSAGES/messages.po``.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import satchel
from satchel.spec import Category, Classes, Number, Score, Segment, Spec

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "web_demo" / "satchel_web"
TRANSLATIONS = SITE / "translations"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
ABOUT = {"project": "satchel", "copyright_holder": "the authors of satchel", "fuzzy": False}
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None}
LIBRARY = ROOT / "runtime" / "satchel"
SAID = ("Sentence", "SatchelError", "TableError")


def main(arguments: list[str]) -> int:
    """Update or check the catalogues, and print what each still lacks."""
    check = "--check" in arguments
    languages = {path.name for path in TRANSLATIONS.iterdir() if path.is_dir()}
    languages |= {one for one in arguments if not one.startswith("-")}
    template = extracted()
    changed = False
    for language in sorted(languages):
        folder = TRANSLATIONS / language / "LC_MESSAGES"
        path = folder / "messages.po"
        catalogue = Catalog(locale=language, **ABOUT)
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        texts = {path: _po(catalogue), path.with_suffix(".mo"): _mo(catalogue)}
        for target, content in texts.items():
            if not target.exists() or target.read_bytes() != content:
                changed = True
                if not check:
                    folder.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content)
        missing = sum(not message.string for message in catalogue if message.id)
        print(f"{language}: {len(catalogue)} sentences, {missing} without a translation")
    if check and changed:
        print("python tools/catalogues.py brings them up to date", file=sys.stderr)
    return int(check and changed)


def extracted() -> Catalog:
    """Return every sentence that a page may show, without translations."""
    template = Catalog()
    found = extract_from_dir(str(SITE), METHODS, keywords=KEYWORDS)
    for _, _, text, _, _ in sorted(found, key=lambda item: (item[0], item[1])):
        template.add(text)
    for text in of_library():
        template.add(text, flags=["no-python-format"])
    for bundle in satchel.models():
        for text in of_spec(bundle.spec):
            template.add(text, flags=["no-python-format"])
    return template


def of_library() -> Iterator[str]:
    """Yield the patterns of what the library says of a file or a value."""
    for path in sorted(LIBRARY.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(ast.Name(kind), [ast.Constant(str(text)), *more], parts):
                    # An error without parts is not for a page, but for whoever wrote the call.
                    if kind == "Sentence" or (kind in SAID and (more or parts)):
                        yield text


def of_spec(spec: Spec) -> Iterator[str]:
    """Yield the sentences of a spec that a page may show."""
    card = spec.card
    texts = [card.title, card.intended_use, card.unintended_use, *card.limitations, card.naive]
    texts += [card.source.name, card.source.collection, card.source.known_issues, card.source.rule]
    for feature in spec.inputs.features:
        texts += [feature.label, feature.help]
        if isinstance(feature, Category):
            texts += feature.value_labels or feature.values
        if isinstance(feature, Number):
            texts += [feature.unit, *feature.scale_labels]
    for output in spec.outputs:
        texts.append(output.label)
        if isinstance(output, Score):
            texts += [output.unit, *output.pass_labels]
        if isinstance(output, Classes | Segment):
            texts += output.labels
    if spec.advice is not None:
        texts += [row.text for row in spec.advice.table]
    yield from (text for text in texts if text and not text.isdecimal())


def _po(catalogue: Catalog) -> bytes:
    file = io.BytesIO()
    write_po(file, catalogue, omit_header=False, width=96, no_location=True)
    return file.getvalue()


def _mo(catalogue: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
