"""The studies of the lecture: a translator and its grammar, the trace of one sentence, measures, experiments.

Importing this package lets every trace find what experiments recorded, and compute what follows from its tensors.
"""

from transformer_core.studies import results
from transformer_core.studies.derived import derive, equation
from transformer_core.tracing.trace import NamedTensor, Trace, add_source


class _Results:
    """Recorded results of experiments, read from their files."""

    def find(self, _trace: Trace, name: str) -> NamedTensor | None:
        return results.found(name)

    def has(self, name: str) -> bool:
        return results.recorded(name)

    def equation(self, name: str) -> str:
        return f"recorded by the experiment {name.split('.')[1]}" if self.has(name) else ""


class _Measures:
    """Measures: tensors computed from the tensors of a trace."""

    def find(self, trace: Trace, name: str) -> NamedTensor | None:
        from transformer_core.studies import measures  # noqa: F401 - late: it imports them all, and they register

        return derive(trace, name)

    def has(self, _name: str) -> bool:
        return False  # by the name alone nobody knows what a measure would need

    def equation(self, name: str) -> str:
        return equation(name)


add_source(_Results())
add_source(_Measures())
