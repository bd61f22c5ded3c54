"""The version of the data plane that the embedded AWS is built on: pyproject.toml pins the same."""

MINISTACK = "1.5.33"
