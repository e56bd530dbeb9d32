"""What joins Magister to the tools that learners are built with.

`checkpoints` and `logging` need nothing but the client; `sb3` needs Stable-Baselines3.
"""
