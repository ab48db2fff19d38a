"""The card of a bundle as Markdown, from its spec alone."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.spec import Spec
from satchel.wording import allowed


def card(spec: Spec) -> str:
    """Return the card (Mitchell et al. 2019, Model Cards for Model Reporting)."""
    return "\n".join(_lines(spec)) + "\n"


def _lines(spec: Spec) -> Iterator[str]:
    known = spec.card
    yield f"# {spec.name} {spec.version}"
    yield ""
    if spec.demonstration:
        yield "**Demonstration: trained on synthetic data.**"
        yield ""
    yield known.headline
    yield ""
    yield f"- **Meant for**: {known.intended_use}"
    yield f"- **Not for**: {known.unintended_use}"
    for limitation in known.limitations:
        yield f"- **Limit**: {limitation}"
    source = known.source
    yield f"- **Data**: [{source.name}]({source.url}), {source.rows} rows, {source.licence}"
    yield f"- **Split**: {known.split}"
    yield f"- **Naive guess**: {known.naive}"
    made = ", ".join(f"{name} {version}" for name, version in known.versions.items())
    yield f"- **Made**: {known.created}, with {made}"
    yield ""
    yield "## Figures"
    yield ""
    yield "| output | metric | rows | value | naive guess | published |"
    yield "|---|---|---|---|---|---|"
    for m in known.metrics:
        naive, published = ("" if v is None else f"{v:.3f}" for v in (m.naive, m.published))
        cells = (m.output, m.name, m.protocol, f"{m.value:.3f}", naive, published)
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "## Inputs"
    yield ""
    yield "| field | meaning | allowed | required |"
    yield "|---|---|---|---|"
    for feature in spec.inputs.features:
        meaning = f"{feature.label}: {feature.help}" if feature.help else feature.label
        required = "yes" if feature.required else "no"
        yield f"| {feature.name} | {meaning} | {allowed(feature)} | {required} |"
