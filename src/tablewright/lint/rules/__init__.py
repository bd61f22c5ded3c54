"""The rules, one module a family. Importing a family registers its rules; ``tablewright.lint.rule.rules()`` imports all."""
