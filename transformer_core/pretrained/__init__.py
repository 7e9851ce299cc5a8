"""Weights from elsewhere into this model, and this model to and from a file. Nothing that is read is executed."""

from transformer_core.pretrained.checkpoint import load, save
from transformer_core.pretrained.hugging_face import load_hugging_face
from transformer_core.pretrained.torch_folder import save_torch
from transformer_core.pretrained.torch_modules import load_torch

__all__ = ["load", "load_hugging_face", "load_torch", "save", "save_torch"]
