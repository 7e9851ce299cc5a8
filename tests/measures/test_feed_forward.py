import numpy as np
import pytest
import torch

from transformer_core.layers import ACTIVATIONS
from transformer_core.pretrained.model_registry import DEFAULT_MODEL
from transformer_core.studies.measures.feed_forward import ACTIVATIONS as IN_NUMPY
from transformer_core.studies.measures.feed_forward import OURS


def test_experiments_looked_into_the_model_that_a_lecture_takes_by_itself():
    assert DEFAULT_MODEL.stem == OURS


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_torch(name):
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)
    assert np.allclose(IN_NUMPY[name](x.numpy()), ACTIVATIONS[name](x).numpy())
