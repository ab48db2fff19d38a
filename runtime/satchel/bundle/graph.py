"""ONNX Runtime, quiet and small: the only place that imports it.

ONNX Runtime 1.29 and later reports usage to its maker unless ``ORT_DISABLE_TELEMETRY`` is set
before it is first imported: `satchel.telemetry` has done so by then.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from satchel.errors import BundleError
from satchel.memory import give_back

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPUT = "X"
FLOAT, INT64 = "tensor(float)", "tensor(int64)"
ROWS_PER_RUN = 1024
_open_graphs: weakref.WeakSet[Graph] = weakref.WeakSet()

# The input's bytes, what runs the session, what reads each output.
_Bound = tuple[memoryview, Callable[[], object], tuple[Callable[[], list[Any]], ...]]


class Graph:
    """An ONNX graph, ready to run on one CPU.

    Parameters
    ----------
    model : bytes
        A serialised ONNX model without external data.
    columns : int
        Width of its input ``X``, float32 of shape (batch, columns).
    outputs : sequence of (name, widths)
        The outputs to compute, in order. `widths` are the allowed sizes of the second axis of
        a float32 output, or None for an int64 output of shape (batch,).
    threads : int
        Threads within one operation.

    Raises
    ------
    BundleError
        Where ONNX Runtime refuses the model, or its inputs and outputs are others.
    """

    def __init__(
        self,
        model: bytes,
        columns: int,
        outputs: Sequence[tuple[str, Sequence[int] | None]],
        threads: int = 1,
    ) -> None:
        self._columns = columns
        self._names = [name for name, _ in outputs]
        self._model, self._threads = model, threads
        try:
            self._session = _open(model, threads)
            self._check_signature(outputs)
        except BundleError:
            raise
        except Exception as error:  # ONNX Runtime's own exceptions share no narrower base
            raise BundleError(f"ONNX Runtime refuses the graph: {error!s:.300}") from None
        self._free: deque[_Bound] = deque()
        give_back()  # of a forest of 2 MB, 15 MB of 84
        _open_graphs.add(self)

    def run(self, matrix: NDArray[np.float32]) -> list[NDArray[Any]]:
        """Return the raw outputs for a float32 matrix of shape (rows, columns).

        Raises
        ------
        BundleError
            Where the graph fails, or does not give one answer per row.
        """
        return self.run_blocks([matrix])

    def run_blocks(self, blocks: Iterable[NDArray[np.float32]]) -> list[NDArray[Any]]:
        """Return the raw outputs for all rows of some matrices; errors are those of `run`."""
        parts = [
            self._run(block[start : start + ROWS_PER_RUN])
            for block in blocks
            for start in range(0, len(block), ROWS_PER_RUN)
        ]
        if not parts:
            parts = [self._run(np.empty((0, self._columns), np.float32))]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def _run(self, matrix: NDArray[np.float32]) -> list[NDArray[Any]]:
        try:
            outputs = self._ready().run(self._names, {INPUT: matrix})
        except Exception as error:  # see above
            raise _failed(error) from None
        if any(len(output) != len(matrix) for output in outputs):
            raise BundleError("the graph does not give one answer per row")
        return list(outputs)

    def run_row(self, row: bytes) -> list[list[Any]]:
        """Return the numbers of each raw output for one row.

        Parameters
        ----------
        row : bytes
            Its float32 columns.

        Raises
        ------
        BundleError
            Where the graph fails, or gives another number of rows.
        """
        # Buffers are bound once and lent to one thread at a time; a deque's pop and append are
        # atomic, so this needs no lock.
        free = self._free
        try:
            bound = free.pop()
        except IndexError:
            bound = self._bind()
        write, run, reads = bound
        try:
            write[:] = row
            run()
            return [reads[0]()] if len(reads) == 1 else [read() for read in reads]
        except Exception as error:  # see above
            raise _failed(error) from None
        finally:
            free.append(bound)

    def _bind(self) -> _Bound:
        """Return one row's buffers, bound to the session."""
        session = self._ready()
        binding = session.io_binding()
        x = np.zeros((1, self._columns), np.float32)
        binding.bind_input(INPUT, "cpu", 0, x.dtype, x.shape, x.ctypes.data)
        reads = []
        for name, width in zip(self._names, self._widths, strict=True):
            shape = (1,) if width is None else (1, width)
            y = np.zeros(shape, np.int64 if width is None else np.float32)
            binding.bind_output(name, "cpu", 0, y.dtype, y.shape, y.ctypes.data)
            # Views of Python: to read one takes a tenth of the time of reading an array.
            reads.append(y.reshape(-1).data.tolist)
        # The views keep the buffers alive.
        return x.data.cast("B"), _bound_run(session, binding), tuple(reads)

    def _ready(self) -> Any:
        """Return the session; a process that was forked opens one of its own."""
        if self._session is None:
            self._session = _open(self._model, self._threads)
        return self._session

    def forget(self) -> None:
        """Leave the session and what is bound to it as they are, and open another when asked.

        For a process that was just forked: the session's threads, and whoever held one of its
        locks, stayed behind in the other. To free it might wait for them without end.
        """
        for kept in (self._session, *self._free):
            if kept is not None:
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
        self._session, self._free = None, deque()

    def _check_signature(self, outputs: Sequence[tuple[str, Sequence[int] | None]]) -> None:
        inputs = self._session.get_inputs()
        held = len(inputs) == 1 and inputs[0].name == INPUT and inputs[0].type == FLOAT
        shape = inputs[0].shape if held else []
        if not held or len(shape) != 2 or isinstance(shape[0], int) or shape[1] != self._columns:
            raise BundleError(
                f"the graph's input is not float32 {INPUT!r} of shape (batch, {self._columns})"
            )
        found = {output.name: output for output in self._session.get_outputs()}
        self._widths: list[int | None] = []
        for name, widths in outputs:
            output = found.get(name)
            shape = [] if output is None else output.shape
            if widths is None:
                held = output is not None and output.type == INT64 and len(shape) == 1
                wanted = "int64 of shape (batch,)"
            else:
                held = output is not None and output.type == FLOAT and len(shape) == 2
                held = held and shape[1] in widths
                wanted = f"float32 of shape (batch, {' or '.join(map(str, sorted(widths)))})"
            if not held:
                raise BundleError(f"the graph's output {name!r} is not {wanted}")
            self._widths.append(None if widths is None else int(shape[1]))


def _open(model: bytes, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # The arena and spinning threads buy speed that one small graph does not need with
    # memory and a busy core that an old machine does.
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Not by the look of the bytes, which might be those of ONNX Runtime's own format.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], enable_fallback=0
    )


def _failed(error: Exception) -> BundleError:
    return BundleError(f"the graph fails: {error!s:.300}")


def _bound_run(session: Any, binding: Any) -> Callable[[], object]:
    """Return what runs a session with what is bound to it.

    What `InferenceSession.run_with_iobinding` calls, where it is found: in between there is
    nothing but a twentieth of a small graph's time.
    """
    inner, bound = getattr(session, "_sess", None), getattr(binding, "_iobinding", None)
    if inner is None or bound is None or not hasattr(inner, "run_with_iobinding"):
        return partial(session.run_with_iobinding, binding)
    return partial(inner.run_with_iobinding, bound, None)


def _forget_all() -> None:
    for graph in list(_open_graphs):
        graph.forget()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_forget_all)
