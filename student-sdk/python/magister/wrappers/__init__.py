"""Gymnasium wrappers that play a curriculum's tasks, one an episode."""

from magister.wrappers.env import CurriculumWrapper
from magister.wrappers.vector import CurriculumVectorWrapper

__all__ = ["CurriculumVectorWrapper", "CurriculumWrapper"]
