"""Which column of a table is which field of the model, and what its marks are out of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from satchel.errors import TableError
from satchel.spec import Category, Number, Regression, Spec
from satchel.tables.marks import full_marks
from satchel.tables.table import Wanted
from satchel.wording import meant, nearest, plain_name

LEAST_HELD = 4


@dataclass(frozen=True, slots=True)
class Held:
    """What a column holds.

    Attributes
    ----------
    field : str
        Name of the field.
    total : float or None
        What the column's marks are out of, where that was said.
    """

    field: str
    total: float | None = None


def read_mapping(spec: Spec, mapping: Mapping[str, str]) -> dict[str, Held]:
    """Return what each mapped column holds, given as ``FIELD`` or ``FIELD/TOTAL``.

    Raises
    ------
    TableError
        Where the model has no such field, or it cannot be brought from another total.
    """
    features = {feature.name: feature for feature in spec.inputs.features}
    held = {}
    for theirs, ours in mapping.items():
        if ours in features:
            held[theirs] = Held(ours)
            continue
        name, sign, total = (part.strip() for part in ours.rpartition("/"))
        if not sign or name not in features:
            wrong = name if sign else ours
            raise TableError(f"the model has no field {wrong!r}{meant(wrong, features)}")
        held[theirs] = Held(name, _total(features[name], total))
    return held


def _total(feature: Number | Category, text: str) -> float:
    name = feature.name
    if isinstance(feature, Category):
        raise TableError(f"{name} is no number and has no total; leave /{text} out")
    lower, upper = feature.limits[0], full_marks(feature)
    if upper is None or upper <= 0 or lower not in (None, 0.0):
        raise TableError(
            f"{name} does not go from 0 to an upper limit, so a total of {text!r} cannot be "
            f"brought to it; leave /{text} out and give it in its own unit"
        )
    try:
        total = float(text.replace(",", "."))
    except ValueError:
        total = 0.0
    if not 0 < total < float("inf"):
        raise TableError(f"the total in '{name}/{text}' is no number above 0, as in '{name}/10'")
    return total


def wanted(spec: Spec, mapping: Mapping[str, str], targets: Mapping[str, str]) -> Wanted:
    """Return the names by which the table's header is known.

    Parameters
    ----------
    spec : Spec
    mapping : mapping of str to str
        From the name of a column to the field it holds.
    targets : mapping of str to str
        From the name of an output to the column of its true values.
    """
    theirs: dict[str, list[str]] = {}
    for column, held in read_mapping(spec, mapping).items():
        theirs.setdefault(held.field, []).append(column)
    required, known, numbers = [], [*mapping], []
    for feature in spec.inputs.features:
        names = theirs.get(feature.name, [feature.name])
        known += [name for name in names if name not in mapping]
        required += names if feature.required else []
        numbers += names if isinstance(feature, Number) else []
    numbers += [
        targets.get(output.name, output.name)
        for output in spec.outputs
        if isinstance(output, Regression)
    ]
    return Wanted(required, known, numbers)


def hint(name: str, known: Iterable[str]) -> str:
    """Return the name most like `name`, whatever its case and signs, or nothing.

    A name that holds all of it counts too: ``Assignment: Quiz 1 (Real)`` for ``Quiz1``.
    """
    known = [one for one in known if one]
    plain = plain_name(name)
    holding = [one for one in known if plain in plain_name(one)] if len(plain) >= LEAST_HELD else []
    return nearest(name, known) or min(holding, key=len, default="")
