"""WebSocket: http listeners and routers pass the upgrade, as App Mesh did."""
from support import requests
from support.shop import to

UPGRADE = ("GET /chat HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def test_an_upgraded_connection_carries_anything(shop):
    shop.service("chat", to(shop.application()))
    shop.settle()
    with shop.connect("chat") as connection:
        connection.sendall(UPGRADE.format(host=shop.services["chat"][0]).encode())
        head = requests.receive(connection)
        assert head.startswith(b"HTTP/1.1 101") and b"\r\n\r\n" in head, head
        for data in (b"\x81\x05hello", b"\x00\xff" * 1000):
            connection.sendall(data)
            echoed = b""
            while len(echoed) < len(data):
                echoed += requests.receive(connection)
            assert echoed == data


def test_an_upgrade_to_something_else_is_no_websocket(shop):
    application = shop.application()
    shop.service("plain", to(application))
    shop.settle()
    assert shop.get("plain", headers={"Connection": "Upgrade", "Upgrade": "other"}).status == 403
    assert application.attempts == 0
