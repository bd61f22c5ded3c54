"""Text to design: templates decoded with positions, evaluated as far as can be known, and read as what they ask for."""
