"""How usual clients are told of corr's server: texts to put into their configuration."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

#: A client, and where its configuration is.
CLIENTS = {
    "claude": "in a shell (Claude Code)",
    "claude-desktop": "claude_desktop_config.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
    "codex": "~/.codex/config.toml",
    "zed": "settings.json of Zed",
}
#: Those that do not start it in the project.
ANYWHERE = frozenset({"claude-desktop", "codex", "zed"})


def configuration(client: str, command: Sequence[str]) -> str:
    """What to put where `CLIENTS` says."""
    program, *arguments = command
    entry = {"command": program, "args": arguments}
    if client == "claude":
        return f"claude mcp add corr -- {shlex.join(command)}"
    if client == "codex":
        return (
            f"[mcp_servers.corr]\ncommand = {json.dumps(program)}\nargs = {json.dumps(arguments)}"
        )
    if client == "vscode":
        return json.dumps({"servers": {"corr": {"type": "stdio", **entry}}}, indent=2)
    if client == "zed":
        return json.dumps({"context_servers": {"corr": {"source": "custom", **entry}}}, indent=2)
    return json.dumps({"mcpServers": {"corr": entry}}, indent=2)
