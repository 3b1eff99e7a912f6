"""`import corr`: the lake in Python and notebooks (lake.py), Hatchet and Thicket (hatchet.py)."""
