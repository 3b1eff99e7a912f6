"""stdout is data, stderr is messages: listings in every format, progress, short names."""
