"""What a WSGI server loads: `web.wsgi:app`, with the settings of the environment."""

from functools import partial

from board import warming
from web.app import create_app

app = create_app()
#: For the server to call in each of its processes, after the fork: see config/gunicorn.py.
app.extensions["warming"] = partial(warming.start, app.config["BOARD"])
