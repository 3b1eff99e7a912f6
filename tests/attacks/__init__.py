"""Attacks by a hostile candidate, each with proof that the harm did not happen."""
