"""The studies of the lecture: a translator and its grammar, the trace of one sentence, measures, experiments.

Importing this package lets every trace find what experiments recorded, and compute what follows from its tensors.
"""

from transformer_core.studies import results
from transformer_core.studies.derived import derive, equation
from transformer_core.tracing.trace import NamedTensor, Trace, add_source


def _measure(trace: Trace, name: str) -> NamedTensor | None:
    from transformer_core.studies import measures  # noqa: F401 - late: it imports them all, and they register

    return derive(trace, name)


add_source(lambda _trace, name: results.found(name), results.equation, results.recorded)
add_source(_measure, equation)  # by the name alone nobody knows what a measure would need
