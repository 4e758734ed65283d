"""An SMTP server for the tests, by aiosmtpd: smtpd.py {plain|starttls|implicit} [CERTIFICATE KEY]

It writes its port, then each mail that it takes, as a line of JSON, and ends with its input. Who logs in is ann, with hunter2. The local part of a recipient tells what
becomes of it: gone is refused, later is put off the first time, anybody else is there.
"""

import asyncio
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Mailbox:
    def __init__(self):
        self.put_off = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name == "gone":
            return "550 5.1.1 there is no such mailbox"
        if name == "later" and address not in self.put_off:
            self.put_off.add(address)
            return "451 4.7.1 greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "hello": session.host_name, "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
                "authenticated": session.authenticated, "text": envelope.original_content.decode("utf-8", "replace")}
        print(json.dumps(mail), flush=True)
        return "250 OK"


def login(server, session, envelope, mechanism, data):
    if data.login == b"ann" and data.password == b"hunter2":
        return AuthResult(success=True)
    # A server may well repeat what it was given.
    return AuthResult(success=False, message="535 5.7.8 no: " + data.password.decode(), handled=False)


async def main(way, *files):
    context = None
    if files:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
    mailbox = Mailbox()

    def session():
        return SMTP(mailbox, hostname="smtpd", tls_context=context if way == "starttls" else None, authenticator=login, auth_require_tls=way == "starttls")

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if way == "implicit" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# Clients that refuse its certificate are part of the tests.
logging.disable()
asyncio.run(main(*sys.argv[1:]))
