"""Segments of similar students: KMeans on a few columns, its groups named by their centres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from satchel.spec import Inputs


def fit_segments(
    inputs: Inputs,
    sources: Sequence[str],
    prototypes: Sequence[Sequence[float]],
    X: NDArray[np.float32],
) -> Any:
    """Return a pipeline from the encoded matrix to the number of a row's segment.

    KMeans starts from the prototypes, and its groups are numbered by the prototype that their
    centre is matched to, so a label means the same in every retraining. From random starts the
    same data give groups of another meaning now and then.

    Parameters
    ----------
    inputs : Inputs
    sources : sequence of str
        Numbers whose columns are looked at.
    prototypes : sequence of sequences of float, shape (segments, sources)
        What each segment is like, in standard deviations from the mean of each source.
    X : ndarray of float32, shape (rows, columns)
    """
    columns = [column.source for column in inputs.columns]
    start = np.array(prototypes, np.float32)
    kept = ColumnTransformer([("kept", "passthrough", [columns.index(s) for s in sources])])
    kmeans = KMeans(len(start), init=start, n_init=1, max_iter=1000)
    pipeline = Pipeline([("columns", kept), ("kmeans", kmeans)]).fit(X)
    centres = kmeans.cluster_centers_
    distances = np.linalg.norm(start[:, None] - centres[None], axis=2)
    _, order = linear_sum_assignment(distances)
    kmeans.cluster_centers_ = np.ascontiguousarray(centres[order])
    kmeans.labels_ = np.argsort(order)[kmeans.labels_].astype(kmeans.labels_.dtype)
    return pipeline
