"""Design to findings: what passes every linter and fails, or lies, on AWS. Pure, but for ``run`` and ``cache``."""
