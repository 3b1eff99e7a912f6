"""Files of an editor: vscode.py writes tasks and launch.json, jsonc.py edits what is there."""
