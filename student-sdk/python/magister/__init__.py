"""Magister: an automatic-curriculum teacher for reinforcement learning."""
