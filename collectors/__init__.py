"""Collectors: one file a layer. Each runs its tool, parses the artifact, and declares its table."""
