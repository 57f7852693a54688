"""The command line `entraide`: parse, call one function, print."""
