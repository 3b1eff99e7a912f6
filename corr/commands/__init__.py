"""The subcommands, one file each: a function with typer options, and `register`."""

#: In the order that `corr --help` lists them.
COMMANDS = (
    "collect",
    "hotspots",
    "why",
    "summary",
    "diff",
    "check",
    "import_",
    "optimize",
    "search",
    "history",
    "decisions",
    "policy",
    "report",
    "serve",
    "export",
    "init",
    "runs",
    "compact",
    "sql",
    "doctor",
)
