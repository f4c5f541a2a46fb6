"""The control server of an agents' development box."""

__version__ = "1.2.0"
