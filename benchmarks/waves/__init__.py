"""Whom to tell: a simulated town of volunteers and requests, and policies compared in it."""
