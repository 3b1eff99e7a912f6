"""A server that takes a tool's own arguments only, and says what is wrong with others."""

from __future__ import annotations

import difflib
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

from corr.agent.budget import plain

#: Characters of a foreign value that an error repeats.
SHOWN = 60


class Strict(MCPServer[Any]):
    """Of arguments that no tool has the SDK's own server takes no notice."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> Any:
        """Call a tool. Raises ToolError with what is wrong, and what would be right."""
        known = {
            tool.name: list(tool.input_schema["properties"]) for tool in await self.list_tools()
        }
        if name not in known:
            raise ToolError(f"there is no tool {_shown(name)}{_meant(name, known)}")
        for given in arguments:
            if given not in known[name]:
                raise ToolError(
                    f"{name} takes no argument {_shown(given)}{_meant(given, known[name])}"
                )
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(f"{name}: {_wrong(error.__cause__)}") from error
            raise


def _wrong(error: ValidationError) -> str:
    """What is wrong with each argument."""
    told = []
    for one in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in one["loc"])
        given = "" if one["type"] == "missing" else f" ({_shown(one['input'])} was given)"
        told.append(f"`{where}`: {one['msg'].removeprefix('Value error, ').lower()}{given}")
    return "; ".join(told)


def _shown(value: object) -> str:
    text = plain(str(value))
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def _meant(given: str, known: Any) -> str:
    close = difflib.get_close_matches(given, list(known), 1)
    return f": did you mean {close[0]!r}?" if close else f": it has {', '.join(sorted(known))}"
