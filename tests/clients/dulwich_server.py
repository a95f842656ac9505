"""Serves the repositories below a folder by dulwich's own HTTP server; prints its port.

usage: dulwich_server.py <folder>
"""

import sys
from pathlib import Path
from wsgiref.simple_server import make_server

from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import WSGIRequestHandlerLogger, WSGIServerLogger, make_wsgi_chain

repositories = {f"/{path.name}": Repo(str(path)) for path in Path(sys.argv[1]).glob("*.git")}
application = make_wsgi_chain(DictBackend(repositories))
server = make_server("127.0.0.1", 0, application, WSGIServerLogger, WSGIRequestHandlerLogger)
print(server.server_port, flush=True)
server.serve_forever()
