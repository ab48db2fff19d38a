"""What a card's figures say, in sentences: for the terminal, the card and the page alike."""

from __future__ import annotations

from satchel.measure.metrics import HIGHER_IS_BETTER
from satchel.spec import CHOICE, WITHOUT, Disparity, Metric, Spec

LISTED_FEATURES = 5
LEAST_SHARE = 0.01
COVERAGE = {"coverage_80": 0.8, "coverage_90": 0.9}
MOST_SHORT = 0.03  # of what an interval claims
JUDGED = HIGHER_IS_BETTER | {"rmse", "mae", "brier"}
NAMES = {
    "accuracy": "accuracy",
    "average_precision": "average precision of failing",
    "brier": "Brier score",
    "coverage_80": "coverage of the 80 % interval",
    "coverage_90": "coverage of the 90 % interval",
    "ece": "expected calibration error",
    "f1": "F1",
    "log_loss": "log loss",
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "pass_accuracy": "accuracy of pass or fail",
    "precision": "precision",
    "r2": "R2",
    "recall": "recall",
    "rmse": "RMSE",
    "roc_auc": "ROC-AUC",
    "abroca": "area between the ROC curves",
    "bias_difference": "bias",
    "demographic_parity_difference": "selection rate (demographic parity)",
    "equalised_odds_difference": "true or false positive rate (equalised odds)",
    "error_difference": "mean absolute error",
}


def said(name: str) -> str:
    """Return the name of a metric as people say it."""
    return NAMES.get(name, name)


def figure(metric: Metric) -> str:
    """Return the value of a metric, with its 95 % interval where it has one."""
    if metric.bounds is None:
        return f"{metric.value:.3f}"
    return f"{metric.value:.3f} ({metric.bounds[0]:.3f} to {metric.bounds[1]:.3f})"


def what_matters(spec: Spec) -> list[str]:
    """Return which inputs the model leans on, and which of these a school can change."""
    importance = spec.card.importance
    total = sum(max(one.value, 0.0) for one in importance)
    if not total:
        return []
    features = {feature.name: feature for feature in spec.inputs.features}
    shares = {one.feature: max(one.value, 0.0) / total for one in importance}
    ranked = sorted(shares, key=lambda name: -shares[name])
    ranked = [name for name in ranked if shares[name] >= LEAST_SHARE]

    def listed(names: list[str]) -> str:
        shown = [f"{features[n].label} ({shares[n]:.0%})" for n in names[:LISTED_FEATURES]]
        more = len(names) - LISTED_FEATURES
        return ", ".join(shown) + (f" and {more} more" if more > 0 else "")

    changeable = [name for name in ranked if features[name].actionable]
    fixed = [name for name in ranked if not features[name].actionable]
    sentences = [f"On the test split it leans most on {listed(ranked)}."]
    if changeable:
        share = sum(shares[name] for name in changeable)
        sentences.append(
            f"A school or student can change {listed(changeable)}: {share:.0%} of its weight."
        )
    else:
        sentences.append("It leans on nothing that a school or student could change.")
    if fixed and changeable:
        sentences.append(f"They cannot change {listed(fixed)}.")
    sentences.append(
        "A weight does not tell which way an input pulls, and these are associations in the data: "
        "changing an input need not change the outcome."
    )
    return sentences


def cost_without_sensitive(spec: Spec) -> str:
    """Return what leaving out sensitive inputs costs, by the measure of the task."""
    sensitive = [f.label for f in spec.inputs.features if f.sensitive]
    if not sensitive:
        return "It uses no sensitive input."
    card = spec.card
    pairs = [(card.metric(card.measure, p), p) for p in (CHOICE, WITHOUT)]
    if pairs[1][0] is None or pairs[0][0] is None:
        return f"It uses {', '.join(sensitive)}; without them nothing would be left."
    outputs = [m for m in card.metrics if m.name == card.measure]
    mean = {
        p: sum(m.value for m in outputs if m.protocol == p) / sum(m.protocol == p for m in outputs)
        for p in (CHOICE, WITHOUT)
    }
    return (
        f"It uses {len(sensitive)} sensitive inputs ({', '.join(sensitive)}). Without them its "
        f"{said(card.measure)} would be {mean[WITHOUT]:.3f} in cross-validation, in place of "
        f"{mean[CHOICE]:.3f}."
    )


def disparity(one: Disparity, label: str) -> str:
    """Return one difference between groups in a sentence.

    Parameters
    ----------
    one : Disparity
    label : str
        Of its feature.
    """
    verdict = (
        "no more than groups drawn by lot may differ"
        if one.by_chance
        else f"more than the {one.chance:.3f} that groups drawn by lot rarely exceed"
    )
    return (
        f"{label}: {said(one.name)} differs by {one.value:.3f} "
        f"({one.low:.3f} to {one.high:.3f}), {verdict}."
    )


def shortfalls(spec: Spec) -> list[str]:
    """Return where a figure is behind the naive guess, what is published, or what it claims."""
    found = []
    for m in spec.card.metrics:
        claimed = COVERAGE.get(m.name, 0.0)
        if m.value < claimed - MOST_SHORT or (m.bounds is not None and m.bounds[1] < claimed):
            found.append(
                f"{m.output}: the interval that claims {claimed:.0%} holds {figure(m)} on "
                f"{m.protocol}."
            )
        if m.protocol == WITHOUT or m.name not in JUDGED:
            continue
        sign = -1 if m.name in HIGHER_IS_BETTER else 1
        for what, other in (("the naive guess", m.naive), ("the published figure", m.published)):
            if other is not None and sign * m.value > sign * other:
                found.append(
                    f"{m.output}: {said(m.name)} {m.value:.3f} on {m.protocol} is behind {what}, "
                    f"{other:.3f}."
                )
    return found
