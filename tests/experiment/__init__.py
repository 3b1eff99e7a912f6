"""Builds made on purpose."""
