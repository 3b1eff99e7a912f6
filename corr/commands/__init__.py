"""The subcommands, one file each: a function with typer options, and `register`."""

#: In the order that `corr --help` lists them.
COMMANDS = (
    "collect",
    "explain",
    "hotspots",
    "why",
    "summary",
    "diff",
    "check",
    "import_",
    "optimize",
    "search",
    "history",
    "recipes",
    "decisions",
    "policy",
    "report",
    "serve",
    "export",
    "mcp",
    "lsp",
    "init",
    "runs",
    "compact",
    "sql",
    "doctor",
)
