"""The nouns: frozen dataclasses that know nothing of AWS calls, files or clocks."""
