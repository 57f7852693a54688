"""What an installation decides: settings, logging, the web server, the schedule."""
