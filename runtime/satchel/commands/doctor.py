"""Say whether this machine can run satchel, and what to do where it cannot.

Looks at the system, the C library, the processor, memory, Python, numpy, ONNX Runtime, every
model, and that nothing is reported to anybody. Exit code 1 where something is wrong.
"""

from satchel.doctor import add_arguments
from satchel.doctor import report as run

__all__ = ["add_arguments", "run"]
