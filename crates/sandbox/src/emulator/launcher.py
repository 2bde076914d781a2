"""Serves the emulated AWS API on a free loopback port, with the repairs of patches.py, until it is killed.

Arguments: --port-file FILE (the port is written there once it listens), --request-log FILE, --await-nodes
(instance refreshes wait until the sandbox reports that the replacement node is up).
"""

import argparse
import io
import logging
import os
import sys
import threading
import time
from urllib.parse import parse_qs

os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

# Python's isolated mode leaves out the script's own folder.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import patches


class Handler(MotoRequestHandler):
    """Answers without delay, and leaves the log to the application."""

    disable_nagle_algorithm = True

    def log_request(self, code="-", size="-"):
        """The request log of the application says more."""


class Front:
    """One request at a time, as the emulator's models are not locked; each is logged by service and action."""

    def __init__(self, app, lock, log, ready):
        self.app, self.lock, self.log, self.ready = app, lock, log, ready
        self.answers = {}

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path.startswith("/weir-sandbox/ready/"):
            self.ready.add(path.rsplit("/", 1)[1])
            start_response("204 No Content", [("Content-Length", "0")])
            return [b""]
        name, token = action_of(environ)
        began, status = time.monotonic(), []

        def note(line, headers, exc_info=None):
            status.append(line.split(" ", 1)[0])
            kept.append((line, headers))
            return start_response(line, headers, exc_info)

        kept, call = [], (environ.get("HTTP_AUTHORIZATION", "").split(",")[0], name, token)
        # A handler that calls the emulator itself must not wait for itself for ever.
        held = self.lock.acquire(timeout=10)
        try:
            if token and call in self.answers:
                # EC2 answers a creation that is sent again with the same client token as it did before.
                line, headers, answer = self.answers[call]
                note(line, headers)
            else:
                body = self.app(environ, note)
                answer = list(body)
                if hasattr(body, "close"):
                    body.close()
                if token and status and status[-1] == "200":
                    self.answers[call] = (*kept[-1], answer)
        finally:
            if held:
                self.lock.release()
        if "HTTP_X_WEIR_SANDBOX" not in environ:
            took = (time.monotonic() - began) * 1000
            self.log.write(f"{name} {status[-1] if status else '-'} {took:.0f}ms\n")
        return answer


def action_of(environ):
    """`service Action` of a request, or `service METHOD path` for the REST services; and the client token of a creation of EC2."""
    auth = environ.get("HTTP_AUTHORIZATION", "")
    scope = auth.split("Credential=")[-1].split(",")[0].split("/")
    service = scope[3] if len(scope) == 5 else "-"
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return f"{service} {target.rsplit('.', 1)[-1]}", None
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        fields = parse_qs(body.decode("utf-8", "replace"))
        action, token = fields.get("Action"), fields.get("ClientToken", [None])[0]
        if action:
            return f"{service} {action[0]}", token if service == "ec2" else None
    return f"{service} {environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}", None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--request-log", required=True)
    parser.add_argument("--await-nodes", action="store_true")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)

    lock, ready = threading.RLock(), set()
    patches.apply(lock, ready if args.await_nodes else None)
    app = DomainDispatcherApplication(create_backend_app)
    log = open(args.request_log, "a", buffering=1, encoding="utf-8")
    server = make_server("127.0.0.1", 0, Front(app, lock, log, ready), threaded=True, request_handler=Handler)
    os.environ["MOTO_PORT"] = str(server.port)
    with open(args.port_file + ".new", "w", encoding="utf-8") as file:
        file.write(str(server.port))
    os.replace(args.port_file + ".new", args.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
