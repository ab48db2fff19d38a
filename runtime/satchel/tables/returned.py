"""The file that goes back to the teacher, and how it is known when it comes again."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import replace

from satchel.errors import TableError
from satchel.predictor import Predictor
from satchel.tables.class_list import DONE, ClassList, Upload
from satchel.tables.mapping import TableMapping
from satchel.tables.mapping_file import FIRST_LINE, read_mapping, write_mapping
from satchel.tables.opening import open_file
from satchel.tables.predicting import TableOptions, predict_table
from satchel.tables.table import ANY, FileOptions


def recalled(upload: Upload) -> Upload:
    """Return an upload with the columns that its workbook remembers, where it is a `download`.

    One for which columns were said stays as it is.
    """
    if upload.mapping != TableMapping():
        return upload
    with closing(open_file(upload.source(), upload.name, FileOptions(), ANY)) as table:
        said = getattr(table, "description", "")
    if not said.startswith(FIRST_LINE):
        return upload
    try:
        return replace(upload, mapping=read_mapping(said, upload.name))
    except TableError:  # someone has changed it: the columns are guessed anew
        return upload


def download(found: ClassList, predictor: Predictor, kind: str) -> bytes:
    """Return the file that came, with the answers and a column for what was done."""
    target = io.BytesIO()
    # How the file that came was read is not how this one is.
    columns = replace(found.upload.mapping, options=FileOptions())
    options = TableOptions(
        mapping=found.upload.mapping,
        kind=kind,
        again=True,
        titles=True,
        blank=(DONE,),
        description=write_mapping(columns),
        threads=1,
    )
    predict_table(predictor, found.upload.source(), target, options)
    return target.getvalue()
