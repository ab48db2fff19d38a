"""The page that shows all plots of a run: one file, which opens anywhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from string import Template

from satchel.findings import cost_without_sensitive, said, shortfalls, what_matters
from satchel.measure.metrics import HIGHER_IS_BETTER, loss
from satchel.spec import Metric, Spec
from satchel.wording import demonstration
from satchel_training.report.style import Plot

TEMPLATE = "page.html"
# What a figure may stand beside, and the head of its column.
BESIDE = {"naive": "Naive guess", "published": "Published", "ceiling": "Best possible"}


def page(
    spec: Spec, sections: Sequence[tuple[str, Sequence[Plot]]], images: Mapping[str, bytes]
) -> str:
    """Return the page as HTML, without script and without a link to anything it needs.

    Parameters
    ----------
    spec : Spec
    sections : sequence of (str, sequence of Plot)
        The plots under their headings.
    images : mapping
        From the name of a plot to its PNG.
    """
    card = spec.card
    warning = demonstration(spec)
    return Template(files(__package__).joinpath(TEMPLATE).read_text("utf-8")).substitute(
        name=escape(spec.name),
        title=escape(card.title),
        created=escape(card.created),
        demonstration=f'<p class="warn">{escape(warning)}</p>' if warning else "",
        headline=escape(card.headline),
        figures="\n".join(_figures(spec)),
        sections="\n".join(
            line for heading, plots in sections for line in _section(spec, heading, plots, images)
        ),
        about="\n".join(f"<dt>{name}</dt>\n<dd>{text}</dd>" for name, text in _about(spec)),
    )


def _figures(spec: Spec) -> Iterator[str]:
    card = spec.card
    if not card.metrics:
        yield "<p>Not measured.</p>"
        return
    yield (
        f"<p>Beside each figure stands that of the naive guess: {escape(card.naive)}. "
        "Bold where the model is better.</p>"
    )
    yield '<div class="tables">'
    for protocol, those in groupby(card.metrics, lambda metric: metric.protocol):
        yield from _table(spec, protocol, list(those))
    yield "</div>"
    if found := shortfalls(spec):
        yield f"<h3>Where it falls short</h3>\n{_list(found)}"


def _table(spec: Spec, protocol: str, those: Sequence[Metric]) -> Iterator[str]:
    labels = {output.name: output.label for output in spec.outputs}
    several = len({metric.output for metric in spec.card.metrics}) > 1
    beside = [
        (name, title)
        for name, title in BESIDE.items()
        if any(getattr(metric, name) is not None for metric in those)
    ]
    yield '<div class="table"><table>'
    yield f"<caption>{escape(protocol[:1].upper() + protocol[1:])}</caption>"
    yield "<thead><tr>"
    yield '<th scope="col">Figure</th>'
    for title in ("Model", *(title for _, title in beside)):
        yield f'<th scope="col" class="number">{title}</th>'
    yield "</tr></thead>"
    for output, of_output in groupby(those, lambda metric: metric.output):
        yield "<tbody>"
        if several:
            label = escape(labels.get(output, output))
            yield f'<tr><th scope="rowgroup" colspan="{2 + len(beside)}">{label}</th></tr>'
        yield from (_row(metric, [name for name, _ in beside]) for metric in of_output)
        yield "</tbody>"
    yield "</table></div>"


def _row(metric: Metric, beside: Sequence[str]) -> str:
    name, value = metric.name, f"{metric.value:.3f}"
    if metric.naive is not None and loss(name, metric.value) < loss(name, metric.naive):
        value = f"<b>{value}</b>"
    if metric.bounds is not None:
        value += f"<br><small>{metric.bounds[0]:.3f} to {metric.bounds[1]:.3f}</small>"
    others = (getattr(metric, other) for other in beside)
    cells = [value, *("" if other is None else f"{other:.3f}" for other in others)]
    return (
        f'<tr><th scope="row">{escape(said(name))} <small>{_wanted(name)}</small></th>'
        + "".join(f'<td class="number">{cell}</td>' for cell in cells)
        + "</tr>"
    )


def _wanted(metric: str) -> str:
    """Return which values of a metric are good."""
    if metric.startswith("coverage_"):
        return f"should be 0.{metric.removeprefix('coverage_')}"
    return "higher is better" if metric in HIGHER_IS_BETTER else "lower is better"


def _section(
    spec: Spec, heading: str, plots: Sequence[Plot], images: Mapping[str, bytes]
) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(heading)}</h2>"
    if any(plot.name == "importance" for plot in plots):
        yield f"<p>{escape(' '.join(what_matters(spec)))}</p>"
    if any(plot.name.startswith("fairness") for plot in plots):
        yield f"<p>{escape(cost_without_sensitive(spec))}</p>"
    yield '<div class="plots">'
    narrow = [plot.name for plot in plots if not plot.wide]
    alone = narrow[-1] if len(narrow) % 2 else None
    for plot in plots:
        kind = "wide" if plot.wide else "alone" if plot.name == alone else "narrow"
        data = base64.b64encode(images[plot.name]).decode("ascii")
        title, alt = escape(plot.title), escape(plot.alt)
        # A wide plot scrolls on a phone; with a tabindex by the keyboard, too.
        scroll = f' tabindex="0" role="group" aria-label="{title}"' if plot.wide else ""
        yield f'<figure class="{kind}">'
        yield f"<h3>{title}</h3>"
        yield f'<div{scroll}><img alt="{alt}" src="data:image/png;base64,{data}"></div>'
        yield f"<figcaption>{escape(plot.caption)}</figcaption>\n</figure>"
    yield "</div>\n</section>"


def _about(spec: Spec) -> Iterator[tuple[str, str]]:
    card = spec.card
    yield "Meant for", escape(card.intended_use)
    yield "Not for", escape(card.unintended_use)
    if card.limitations:
        yield "Limits", _list(card.limitations)
    source = card.source
    name = escape(source.name)
    if source.url.startswith(("https://", "http://")):
        name = f'<a href="{escape(source.url)}">{name}</a>'
    yield "Data", f"{name}; {source.rows} rows; licence: {escape(source.licence)}"
    datasheet = (
        ("Collected", source.collection),
        ("Composition", source.composition),
        ("Beware", source.known_issues),
    )
    for title, text in datasheet:
        if text:
            yield title, escape(text)
    yield "Split", escape(card.split)
    yield "This page", "A dot in its plots is a student: keep it as close as the data themselves."
    yield "Made with", escape(", ".join(f"{name} {v}" for name, v in card.versions.items()))


def _list(texts: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
