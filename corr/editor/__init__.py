"""An editor: its files, and what it shows.

vscode.py writes tasks and launch.json, jsonc.py edits what is there; overlay.py is what the last
run says of a file as it is now, language_server.py tells it to an editor.
"""
