"""Background jobs: dispatch of the outbox, expiry and upkeep."""
