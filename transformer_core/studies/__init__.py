"""The studies of the lecture: a translator and its grammar, the trace of one sentence, measures, experiments.

Importing this package lets every trace find what experiments recorded, and compute what follows from its tensors.
"""

from transformer_core.studies import results
from transformer_core.studies.derived import derive
from transformer_core.tracing.trace import NamedTensor, Trace, add_source


def _measured(trace: Trace, name: str) -> NamedTensor | None:
    from transformer_core.studies import measures  # noqa: F401 - late: registers its functions, and imports them all

    return derive(trace, name)


add_source(lambda _trace, name: results.found(name), results.recorded)
add_source(_measured)
