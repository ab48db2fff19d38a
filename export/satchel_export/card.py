"""The card of a bundle as Markdown, from its spec alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from satchel.findings import (
    cost_without_sensitive,
    disparity,
    figure,
    said,
    shortfalls,
    what_matters,
)
from satchel.spec import Fairness, Spec
from satchel.wording import allowed, demonstration


def card(spec: Spec) -> str:
    """Return the card (Mitchell et al. 2019, Model Cards for Model Reporting)."""
    return "\n".join(_lines(spec)) + "\n"


def _lines(spec: Spec) -> Iterator[str]:
    known = spec.card
    yield f"# {spec.name} {spec.version}"
    yield ""
    if spec.demonstration:
        yield f"**{demonstration(spec)}**"
        yield ""
    yield f"{known.title}. {known.headline}"
    yield ""
    short = shortfalls(spec)
    if short:
        yield "Where it falls short:"
        yield ""
        yield from (f"- {text}" for text in short)
        yield ""
    yield f"- **Meant for**: {known.intended_use}"
    yield f"- **Not for**: {known.unintended_use}"
    for limitation in known.limitations:
        yield f"- **Limit**: {limitation}"
    yield f"- **Naive guess**: {known.naive}"
    yield f"- **Split**: {known.split}"
    made = ", ".join(f"{name} {version}" for name, version in known.versions.items())
    yield f"- **Made**: {known.created}, with {made}"
    yield from _section("Data", _data(spec))
    yield from _section("Figures", _figures(spec))
    yield from _section("What matters", what_matters(spec))
    yield from _section("Directions", _directions(spec))
    yield from _section("Fairness", _fairness(spec))
    yield from _section("Inputs", _inputs(spec))


def _section(title: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    content = list(lines)
    if content:
        yield from ("", f"## {title}", "", *content)


def _table(header: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _data(spec: Spec) -> Iterator[str]:
    source = spec.card.source
    link = f"[{source.name}]({source.url})" if source.url else source.name
    yield f"{link}, {source.rows} rows; licence: {source.licence}."
    for title, text in (
        ("Collection", source.collection),
        ("Composition", source.composition),
        ("Known issues", source.known_issues),
    ):
        if text:
            yield ""
            yield f"{title}: {text}"


def _figures(spec: Spec) -> Iterator[str]:
    header = ("output", "metric", "rows", "value", "naive guess", "published", "ceiling")
    yield from _table(
        header,
        (
            (
                m.output,
                said(m.name),
                m.protocol,
                figure(m),
                *("" if v is None else f"{v:.3f}" for v in (m.naive, m.published, m.ceiling)),
            )
            for m in spec.card.metrics
        ),
    )
    if spec.has_distribution:
        yield ""
        yield (
            "The model gives the probability of each score. RMSE and R2 are those of its mean, the "
            "mean absolute error that of its median; intervals, label and the probability of "
            "passing are read off it. Average precision ranks students by the risk of failing."
        )
    elif any(m.name.startswith("coverage") for m in spec.card.metrics):
        yield ""
        yield (
            "Intervals are quantiles of out-of-fold residuals on the training part, applied "
            "around the one final model. Coverage is the share of true scores inside them before "
            "rounding, on rows that they were not estimated from; in brackets its 95 % interval."
        )
    if any(m.name == "ece" for m in spec.card.metrics):
        yield ""
        yield (
            "Probabilities are calibrated on out-of-fold answers of the training part; their "
            "Brier score, log loss and expected calibration error (ten bins of equal mass) are "
            "measured on rows that the calibration was not estimated from."
        )


def _directions(spec: Spec) -> Iterator[str]:
    sweeps = spec.card.sweeps
    if not sweeps:
        return
    ways = {feature.name: feature.monotonic for feature in spec.inputs.features}
    yield (
        "As one of these fields rises and all others stay, the answer never moves the other way. "
        "Export moved each through its values, from every record at hand: the furthest that a "
        "probability moved the wrong way is what rounding explains."
    )
    yield ""
    yield from _table(
        ("field", "the answer", "answers compared", "furthest the wrong way"),
        (
            (
                one.feature,
                "rises" if ways[one.feature] == "increasing" else "falls",
                f"{one.answers:,}",
                f"{one.worst:.0e}" if one.worst else "0",
            )
            for one in sweeps
        ),
    )


def _fairness(spec: Spec) -> Iterator[str]:
    found = spec.card.fairness
    if found is None:
        return
    yield cost_without_sensitive(spec)
    yield ""
    yield (
        f"By group, with at least 20 members each ({found.protocol}); in brackets 95 % bootstrap "
        "intervals."
    )
    yield ""
    yield from (f"- {disparity(one, one.feature)}" for one in found.disparities)
    for output in dict.fromkeys(group.output for group in found.groups):
        yield ""
        yield from _groups(found, output)


def _groups(found: Fairness, output: str) -> Iterator[str]:
    groups = [group for group in found.groups if group.output == output]
    names = list(dict.fromkeys(name for group in groups for name in group.figures))

    def cell(bounds: tuple[float, float, float] | None) -> str:
        return "" if bounds is None else "{:.2f} ({:.2f} to {:.2f})".format(*bounds)

    yield from _table(
        (output, "group", "rows", *(name.replace("_", " ") for name in names)),
        (
            (g.feature, g.group, str(g.rows), *(cell(g.figures.get(name)) for name in names))
            for g in groups
        ),
    )


def _inputs(spec: Spec) -> Iterator[str]:
    yield from _table(
        ("field", "meaning", "allowed", "required", "sensitive"),
        (
            (
                feature.name,
                f"{feature.label}: {feature.help}" if feature.help else feature.label,
                allowed(feature),
                "yes" if feature.required else "no",
                "yes" if feature.sensitive else "",
            )
            for feature in spec.inputs.features
        ),
    )
