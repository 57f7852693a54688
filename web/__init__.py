"""The pages, thin: a view parses, calls one function of the board, and renders or redirects."""
