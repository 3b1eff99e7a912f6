"""corr joins what the compiler said, what the machine model expects and what the hardware saw."""

__version__ = "0.1.0"
