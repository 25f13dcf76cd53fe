"""Holds what the box says to Home Assistant to Home Assistant itself: its schema, and a whole one without a screen.

Run by script/test-homeassistant, which starts a broker and a box: check.py PORT (of the broker, user home).
"""

import asyncio
import copy
import importlib
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import paho.mqtt.client as paho
from homeassistant.components.mqtt import discovery, schemas
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame

PORT = int(sys.argv[1])
DEADLINE = 120


class Broker:
    """Hears everything that is said."""

    def __init__(self):
        self.said = {}
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.username_pw_set("home", "north-north-east")
        self.client.on_message = lambda _client, _data, message: self.said.update({message.topic: message.payload.decode()})
        self.client.connect("127.0.0.1", PORT)
        self.client.subscribe("#", qos=1)
        self.client.loop_start()

    def wait(self, what, of):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            found = of(dict(self.said))
            if found:
                return found
            time.sleep(0.2)
        sys.exit(f"no {what} within {DEADLINE} s; said: {sorted(self.said)}")


async def validate(text):
    """What Home Assistant makes of a payload, component by component."""
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)
        frame.async_setup(hass)
        payload = discovery.MQTTDiscoveryPayload(json.loads(text))
        discovery._replace_all_abbreviations(payload)
        schemas.DEVICE_DISCOVERY_SCHEMA(copy.deepcopy(payload))
        made = 0
        for key, raw in payload["components"].items():
            if set(raw) == {"platform"}:
                # What is not allowed: it is taken away, if it was there.
                continue
            made += 1
            component = discovery.MQTTDiscoveryPayload(raw)
            platform = component.pop("platform")
            discovery._merge_common_device_options(component, payload)
            component["device"], component["origin"] = payload["device"], payload["origin"]
            module = importlib.import_module(f"homeassistant.components.mqtt.{platform}")
            try:
                module.DISCOVERY_SCHEMA(component)
            except Exception as error:  # noqa: BLE001 whatever the schema says
                sys.exit(f"{key} ({platform}): {error}")
        await hass.async_stop(force=True)
        assert made < len(payload["components"]), "something has to be taken away"
        return made


async def broken_ones_are_refused(text):
    """The check itself would see a mistake."""
    for key, name, value in [("on_air", "device_class", "call"), ("viewers", "device_class", "viewers"), ("volume", "min", "a")]:
        broken = json.loads(text)
        broken["components"][key][name] = value
        try:
            await validate(json.dumps(broken))
        except SystemExit:
            continue
        sys.exit(f"{name}: {value} of {key} was not refused")


ENTRY = {
    "version": 1,
    "minor_version": 5,
    "key": "core.config_entries",
    "data": {
        "entries": [
            {
                "created_at": "2025-04-01T00:00:00+00:00",
                "data": {"broker": "127.0.0.1", "port": PORT, "protocol": "5", "username": "home", "password": "north-north-east"},
                "disabled_by": None,
                "discovery_keys": {},
                "domain": "mqtt",
                "entry_id": "01JQ0000000000000000000000",
                "minor_version": 2,
                "modified_at": "2025-04-01T00:00:00+00:00",
                "options": {"discovery": True, "discovery_prefix": "homeassistant"},
                "pref_disable_new_entities": False,
                "pref_disable_polling": False,
                "source": "user",
                "subentries": [],
                "title": "127.0.0.1",
                "unique_id": None,
                "version": 1,
            }
        ]
    },
}

# It presses what the box offers, as somebody would who has the card of docs/operate/mqtt.md.
CONFIGURATION = """
http: { server_host: 127.0.0.1, server_port: %d }
automation:
  - alias: Layout
    triggers: [{ trigger: state, entity_id: select.porchlight_layout, to: grid }]
    actions:
      - { action: select.select_option, target: { entity_id: select.porchlight_layout }, data: { option: speaker } }
      - { action: switch.turn_on, target: { entity_id: switch.porchlight_do_not_disturb } }
      - { action: button.press, target: { entity_id: button.porchlight_close } }
"""


def live(broker, expected):
    """A whole Home Assistant takes the box up, follows it, and presses its buttons."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / ".storage").mkdir()
        (folder / ".storage" / "core.config_entries").write_text(json.dumps(ENTRY))
        (folder / "configuration.yaml").write_text(CONFIGURATION % free())
        hass = pathlib.Path(sys.executable).with_name("hass")
        with (folder / "log").open("w") as log:
            running = subprocess.Popen([hass, "-c", folder, "--skip-pip"], stdout=log, stderr=log)
            try:
                for topic, value in [("screen/layout", "speaker"), ("telephone/do_not_disturb", "ON"), ("privacy/active", "ON")]:
                    at = lambda said: any(key.endswith(topic) and text == value for key, text in said.items())
                    broker.wait(f"{topic} {value} by Home Assistant", at)
            except SystemExit:
                print((folder / "log").read_text()[-4000:])
                raise
            finally:
                running.send_signal(signal.SIGINT)
                running.wait(DEADLINE)
        entities = json.loads((folder / ".storage" / "core.entity_registry").read_text())["data"]["entities"]
        ours = [entity for entity in entities if entity["platform"] == "mqtt"]
        assert len(ours) == expected, f"{len(ours)} of {expected} entities: {[entity['entity_id'] for entity in ours]}"
        states = json.loads((folder / ".storage" / "core.restore_state").read_text())["data"]
        states = {state["state"]["entity_id"]: state["state"]["state"] for state in states}
        assert states.get("binary_sensor.porchlight_privacy") == "on", states
        assert states.get("sensor.porchlight_viewers") == "0", states
        log = (folder / "log").read_text()
        wrong = [line for line in log.splitlines() if "mqtt" in line.lower() and ("ERROR" in line or "WARNING" in line)]
        assert not wrong, wrong
        return len(ours)


def free():
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


broker = Broker()
payload = broker.wait("discovery", lambda said: next((text for at, text in said.items() if at.endswith("/config")), None))
count = asyncio.run(validate(payload))
asyncio.run(broken_ones_are_refused(payload))
print(f"Home Assistant's schema takes all {count} entities, and refuses broken ones")
print(f"Home Assistant itself has {live(broker, count)} entities, follows them, and presses them")
