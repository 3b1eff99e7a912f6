"""The process and its files: settings, folders that survive a kill, signals, shipped files."""
