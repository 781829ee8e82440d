"""What there is to play: waves of futures and replicates, cut into chunks that are the same whoever plays them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from oncsim.experiments.work import Chunk

# Chunks of a wave at most, so that the results of very many runs are few files.
_MOST_CHUNKS = 512
_USUAL_UNITS, _FINE_UP_TO = 8, 64


@dataclass(frozen=True)
class Wave:
    """A block of futures and replicates that was added at one time.

    Attributes
    ----------
    samples, replicates : (int, int)
        First, and one past the last.
    size : int
        Units of a chunk.
    """

    samples: tuple[int, int]
    replicates: tuple[int, int]
    size: int

    @property
    def units(self) -> int:
        """Number of futures times replicates."""
        return (self.samples[1] - self.samples[0]) * (self.replicates[1] - self.replicates[0])

    def chunks(self, number: int) -> Iterator[Chunk]:
        """Yield the chunks of the wave: all futures of a replicate before the next, so that half the work is of use."""
        first, past = self.samples
        listed = [(sample, replicate) for replicate in range(*self.replicates) for sample in range(first, past)]
        for place, start in enumerate(range(0, len(listed), self.size)):
            yield Chunk(f"{number:02d}-{place:05d}", tuple(listed[start : start + self.size]))

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is written in ``plan.json``."""
        return {"samples": list(self.samples), "replicates": list(self.replicates), "units_a_chunk": self.size}

    @classmethod
    def of(cls, data: dict[str, Any]) -> Wave:
        """Return a wave as read from ``plan.json``."""
        samples, replicates = data["samples"], data["replicates"]
        return cls((samples[0], samples[1]), (replicates[0], replicates[1]), int(data["units_a_chunk"]))


def wave(samples: tuple[int, int], replicates: tuple[int, int]) -> Wave:
    """Return a wave cut into chunks by the number of its units alone: never by how fast a machine is."""
    units = (samples[1] - samples[0]) * (replicates[1] - replicates[0])
    usual = 1 if units <= _FINE_UP_TO else min(_USUAL_UNITS, units // _FINE_UP_TO)
    return Wave(samples, replicates, max(usual, math.ceil(units / _MOST_CHUNKS), 1))


def covered(waves: tuple[Wave, ...]) -> tuple[int, int]:
    """Return (futures, replicates) that the waves so far cover: always all replicates of all futures."""
    return max((w.samples[1] for w in waves), default=0), max((w.replicates[1] for w in waves), default=0)


def extended(waves: tuple[Wave, ...], samples: int, replicates: int) -> tuple[Wave, ...]:
    """Return the waves with those that are missing to cover so many futures and replicates; none is ever taken away."""
    have_samples, have_replicates = covered(waves)
    more = list(waves)
    if not waves:
        return (wave((0, samples), (0, replicates)),)
    if replicates > have_replicates:
        more.append(wave((0, have_samples), (have_replicates, replicates)))
    if samples > have_samples:
        more.append(wave((have_samples, samples), (0, max(replicates, have_replicates))))
    return tuple(more)


def chunks(waves: tuple[Wave, ...]) -> list[Chunk]:
    """Return every chunk of every wave."""
    return [chunk for number, one in enumerate(waves) for chunk in one.chunks(number)]
