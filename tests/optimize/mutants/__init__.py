"""Programs broken on purpose: how, and whether a check finds out."""
