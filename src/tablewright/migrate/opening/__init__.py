"""Opening the ends of a copy: tables behind their doors, files behind their readers and writers."""
