"""Show what a model needs, what it answers and how well."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator

from satchel import bundle as bundles
from satchel.bundle import Bundle
from satchel.commands import add_models_argument
from satchel.findings import (
    cost_without_sensitive,
    disparity,
    figure,
    said,
    shortfalls,
    what_matters,
)
from satchel.spec import Spec
from satchel.wording import allowed, demonstration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel show``."""
    parser.add_argument("model", metavar="MODEL", help="name or file of a model")
    add_models_argument(parser)
    parser.add_argument("--json", action="store_true", help="print the whole spec as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the card and the inputs."""
    bundle = bundles.read(bundles.find(arguments.model, arguments.models))
    if arguments.json:
        print(json.dumps(json.loads(bundle.spec.to_json()), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_lines(bundle)))
    return 0


def _lines(bundle: Bundle) -> Iterator[str]:
    spec, card = bundle.spec, bundle.spec.card
    yield f"{spec.name} {spec.version}: {card.title}"
    if spec.demonstration:
        yield from textwrap.wrap(demonstration(spec), 90)
    yield from textwrap.wrap(card.headline, 90)
    yield ""
    yield "Inputs (* required)"
    for feature in spec.inputs.features:
        star = "*" if feature.required else " "
        about = f"; {feature.help}" if feature.help else ""
        yield f"  {star} {feature.name:12} {feature.label}: {allowed(feature)}{about}"
    yield ""
    yield "Figures"
    yield from _metrics(spec)
    yield ""
    for title, lines in (
        ("Where it falls short", shortfalls(spec)),
        ("What matters", what_matters(spec)),
        ("Fairness (differences beyond chance)", list(_fairness(spec))),
    ):
        if lines:
            yield title
            for line in lines:
                yield from textwrap.wrap(line, 90, initial_indent="  ", subsequent_indent="    ")
            yield ""
    for title, text in [
        ("Data", f"{card.source.name}, {card.source.rows} rows, licence: {card.source.licence}"),
        *([("Source", card.source.url)] if card.source.url else []),
        ("Split", card.split),
        ("Naive guess", card.naive),
        ("Meant for", card.intended_use),
        ("Not for", card.unintended_use),
        *(("Limit", text) for text in card.limitations),
        ("Made", f"{card.created}, " + ", ".join(f"{k} {v}" for k, v in card.versions.items())),
        ("sha256", bundle.sha256),
    ]:
        yield from textwrap.wrap(
            text, 90, initial_indent=f"{title + ':':13}", subsequent_indent=" " * 13
        )


def _metrics(spec: Spec) -> Iterator[str]:
    metrics = spec.card.metrics
    names = [f"{m.output} {said(m.name)}" for m in metrics] + [m.protocol for m in metrics]
    wide = max(map(len, names), default=0)
    for protocol in dict.fromkeys(m.protocol for m in metrics):
        yield f"  {protocol:{wide}}    {'value':>9} {'naive':>9} {'published':>9} {'ceiling':>9}"
        for m in metrics:
            if m.protocol != protocol:
                continue
            beside = (
                "" if v is None else f"{v:.3f}" for v in (m.value, m.naive, m.published, m.ceiling)
            )
            name = f"{m.output} {said(m.name)}"
            bounds = "" if m.bounds is None else f"  {figure(m)}"
            cells = " ".join(f"{cell:>9}" for cell in beside)
            yield f"    {name:{wide}}  {cells}{bounds}".rstrip()


def _fairness(spec: Spec) -> Iterator[str]:
    if spec.card.fairness is not None:
        yield cost_without_sensitive(spec)
        labels = [one for one in spec.card.fairness.disparities if not one.by_chance]
        if not labels:
            yield "No difference between groups is larger than chance may make it."
        for one in labels:
            yield disparity(one, one.feature)
