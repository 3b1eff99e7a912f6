"""Speed, measured: each module compares corr with a named peer in the same run, as ratios."""
