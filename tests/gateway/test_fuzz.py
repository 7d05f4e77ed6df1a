"""Bytes of any kind, wherever a client can put them, neither break a line of the journal nor make the gateway fail."""

import socket

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.conftest import Gateway

# What can stand in a header's value or a path without ending it.
VALUE = st.binary(max_size=200).map(lambda value: bytes(byte for byte in value if byte not in b"\r\n"))
PATH = st.binary(max_size=100).map(lambda value: bytes(byte for byte in value if byte not in b"\r\n "))

HEADER = st.sampled_from([b"X-Request-ID", b"X-User-ID", b"X-Variant", b"Cookie", b"target", b"Accept", b"X-Lab-Shadow", b"traceparent"])

MULTIPART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: %s\r\n\r\npicture\r\n--b--\r\n'


@given(st.sampled_from([b"/predict", b"/iris/predict", b"/result/"]), PATH, st.dictionaries(HEADER, VALUE, max_size=4), VALUE, VALUE)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_client_sends_the_gateway_answers_and_the_line_is_valid(
    shared_gateway: Gateway, path: bytes, rest: bytes, headers: dict[bytes, bytes], name: bytes, kind: bytes
) -> None:
    body = MULTIPART % (name, kind)
    lines = [b"%s: %s" % header for header in headers.items()]
    start = [b"POST %s?%s HTTP/1.1" % (path, rest), b"Host: x", b"Connection: close", b"Content-Type: multipart/form-data; boundary=b"]

    answer = _answer(shared_gateway, b"\r\n".join([*start, b"Content-Length: %d" % len(body), *lines, b"", b""]) + body)

    status = int(answer.split()[1])
    assert status < 500
    # Checks every new line against the published schema.
    shared_gateway.lines()


@given(PATH)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_address_a_client_asks_for_the_gateway_answers(shared_gateway: Gateway, path: bytes) -> None:
    answer = _answer(shared_gateway, b"GET /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path)

    # A path that is no HTTP at all gets 400, from NGINX itself without a status line if it looks like HTTP/0.9.
    assert not answer.startswith(b"HTTP/1.1 5")
    shared_gateway.lines()


def _answer(gateway: Gateway, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)
