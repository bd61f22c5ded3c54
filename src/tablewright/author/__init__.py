"""Wishes to text: projects, resources and policies written the way a careful person would, into files that stay theirs."""
