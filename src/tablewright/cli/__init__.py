"""The command line: opens an account, calls one library function, renders what it yields."""
