"""The networks as torch modules: steps of a workout in, three numbers a step out; no step sees a later one.

A step's output is the median (or the mean) of the scaled target and how far the 10 and 90 % quantiles lie
below and above it, before a softplus. Workouts are padded behind their end, so that what is padded is never
read by what is not.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """The sizes of a network: columns of a step and of what is fixed, outputs of a step (1 or 3)."""

    kind: str
    step_in: int
    fixed_in: int
    hidden: int
    layers: int
    heads: int
    outputs: int
    dropout: float

    def as_dict(self) -> dict[str, Any]:
        """The sizes by name."""
        return asdict(self)


class LstmCurve(nn.Module):
    """An LSTM over the steps, with causal self-attention over its states where it is asked for."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        between = shape.dropout if shape.layers > 1 else 0.0
        size = shape.step_in + shape.fixed_in
        self.lstm = nn.LSTM(size, shape.hidden, shape.layers, batch_first=True, dropout=between)
        self.attention = CausalAttention(shape.hidden, shape.heads) if shape.kind == "attention" else None
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(shape.hidden, shape.outputs)

    def forward(self, steps: Tensor, fixed: Tensor) -> Tensor:
        """steps (B, T, F), fixed (B, E) → (B, T, outputs)."""
        states = self.lstm(_with_fixed(steps, fixed))[0]
        if self.attention is not None:
            states = states + self.attention(states)
        made: Tensor = self.head(self.dropout(states))
        return made


class TransformerCurve(nn.Module):
    """A small causal transformer: each step attends to itself and to those before it (Vaswani et al. 2017,
    with the norm first)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed = nn.Linear(shape.step_in + shape.fixed_in, shape.hidden)
        self.blocks = nn.ModuleList(
            Block(shape.hidden, shape.heads, shape.dropout) for _ in range(shape.layers)
        )
        self.norm = nn.LayerNorm(shape.hidden)
        self.head = nn.Linear(shape.hidden, shape.outputs)

    def forward(self, steps: Tensor, fixed: Tensor) -> Tensor:
        """steps (B, T, F), fixed (B, E) → (B, T, outputs)."""
        x = self.embed(_with_fixed(steps, fixed))
        x = x + _places(x.shape[1], x.shape[2], x)
        for block in self.blocks:
            x = block(x)
        made: Tensor = self.head(self.norm(x))
        return made


class Block(nn.Module):
    """Attention, then two layers on each step, both added to what came in."""

    def __init__(self, size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = CausalAttention(size, heads)
        self.norm = nn.LayerNorm(size)
        self.inner = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, D) → (B, T, D)."""
        x = x + self.dropout(self.attention(x))
        made: Tensor = x + self.dropout(self.inner(self.norm(x)))
        return made


class CausalAttention(nn.Module):
    """Self-attention with several heads in which no step attends to a later one, the norm before it."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(size)
        self.joined = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, D) → (B, T, D)."""
        b, t, d = x.shape
        parts = self.joined(self.norm(x)).reshape(b, t, 3, self.heads, d // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        read = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        made: Tensor = self.out(read.transpose(1, 2).reshape(b, t, d))
        return made


def network(shape: Shape) -> nn.Module:
    """The module of a kind, which begins at nothing: its first outputs are the scaled target's mean."""
    made: LstmCurve | TransformerCurve
    made = TransformerCurve(shape) if shape.kind == "transformer" else LstmCurve(shape)
    return made


def _with_fixed(steps: Tensor, fixed: Tensor) -> Tensor:
    if not fixed.shape[1]:
        return steps
    return torch.cat([steps, fixed[:, None, :].expand(-1, steps.shape[1], -1)], dim=2)


def _places(length: int, size: int, like: Tensor) -> Tensor:
    """Sines and cosines of the step's number, (length, size)."""
    place = torch.arange(length, dtype=like.dtype, device=like.device)[:, None]
    rate = torch.exp(
        torch.arange(0, size, 2, dtype=like.dtype, device=like.device) * (-math.log(10000.0) / size)
    )
    table = torch.stack([torch.sin(place * rate), torch.cos(place * rate)], dim=2)
    return table.reshape(length, -1)[:, :size]
