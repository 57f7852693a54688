"""What a WSGI server loads: `web.wsgi:app`, with the settings of the environment."""

from web.app import create_app

app = create_app()
