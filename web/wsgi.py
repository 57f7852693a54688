"""What a WSGI server loads: `web.wsgi:app`, with the settings of the environment."""

from board import processes, warming
from board.context import Board
from web.app import create_app

app = create_app()


def _begin() -> None:
    board: Board = app.config["BOARD"]
    warming.start(board)
    processes.start(board, "web")


#: For the server to call in each of its processes, after the fork: see config/gunicorn.py.
app.extensions["warming"] = _begin
