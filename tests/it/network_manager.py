"""NetworkManager on a bus, as far as Porchlight speaks to it, by its D-Bus API reference; the real one is in script/test-image.

Reads commands from standard input and answers each with a line:
  cable on|off             a cable is plugged in, or pulled
  network NAME PASSWORD|- STRENGTH   a network is in reach; - asks for none
  radio off                the adapter goes
  permit yes|no            what users are permitted
  told                     what it was told last of a network that is opened or joined, as JSON
  kept                     the names of networks that are known on disk, as JSON
"""

import json
import os
import sys
import traceback

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NM = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
NOTHING = dbus.ObjectPath("/")


class Object(dbus.service.Object):
    """An object with properties by interface."""

    def __init__(self, path, properties):
        self.path = dbus.ObjectPath(path)
        self.properties = properties
        super().__init__(BUS, path)

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        try:
            return self.properties[interface.removeprefix(NM)][name]
        except KeyError:
            raise dbus.DBusException("no such property", name="org.freedesktop.DBus.Error.UnknownProperty")

    def now(self, interface, **values):
        self.properties[interface].update(values)


class Connection(Object):
    def __init__(self, path, settings, kept):
        self.settings, self.kept = settings, kept
        super().__init__(path, {})

    def name(self):
        return bytes(self.settings["802-11-wireless"]["ssid"]).decode()

    @dbus.service.method(NM + ".Settings.Connection", out_signature="a{sa{sv}}")
    def GetSettings(self):
        return {name: values for name, values in self.settings.items() if name != "802-11-wireless-security"}

    @dbus.service.method(NM + ".Settings.Connection")
    def Save(self):
        self.kept = True

    @dbus.service.method(NM + ".Settings.Connection")
    def Delete(self):
        MANAGER.connections.remove(self)
        self.remove_from_connection()
        if MANAGER.active and MANAGER.active.settles is self:
            MANAGER.end()


class Settings(Object):
    @dbus.service.method(NM + ".Settings", out_signature="ao")
    def ListConnections(self):
        return dbus.Array([connection.path for connection in MANAGER.connections], signature="o")


class Active(Object):
    def __init__(self, path, connection):
        self.settles = connection
        super().__init__(path, {".Connection.Active": {"State": dbus.UInt32(1)}})


class Radio(Object):
    @dbus.service.method(NM + ".Device.Wireless", in_signature="a{sv}")
    def RequestScan(self, _options):
        if MANAGER.active and MANAGER.active.settles.settings["802-11-wireless"].get("mode") == "ap":
            raise dbus.DBusException("Scanning not allowed while in AP mode", name=NM + ".Device.NotAllowed")
        GLib.timeout_add(100, self.scanned)

    def scanned(self):
        before = self.properties[".Device.Wireless"]["LastScan"]
        self.now(".Device.Wireless", LastScan=dbus.Int64(before + 1))

    @dbus.service.method(NM + ".Device.Wireless", out_signature="ao")
    def GetAllAccessPoints(self):
        return dbus.Array([point.path for point in MANAGER.points.values()], signature="o")

    def state(self, state, reason=0):
        reason = dbus.Struct((dbus.UInt32(state), dbus.UInt32(reason)), signature="uu")
        self.now(".Device", State=dbus.UInt32(state), StateReason=reason)


class Manager(Object):
    def __init__(self):
        super().__init__(ROOT, {"": {}})
        self.count, self.active, self.told, self.permits = 0, None, None, "yes"
        self.connections, self.points, self.passwords = [], {}, {}
        wired = {"DeviceType": dbus.UInt32(1), "State": dbus.UInt32(20), "ActiveConnection": NOTHING}
        self.cable = Object(ROOT + "/Devices/1", {".Device": wired})
        wireless = {"WirelessCapabilities": dbus.UInt32(0x47), "LastScan": dbus.Int64(5), "ActiveAccessPoint": NOTHING}
        device = {"DeviceType": dbus.UInt32(2), "ActiveConnection": NOTHING}
        self.radio = Radio(ROOT + "/Devices/2", {".Device": device, ".Device.Wireless": wireless})
        self.radio.state(30)
        self.devices = [self.cable, self.radio]

    def new_path(self, what):
        self.count += 1
        return f"{ROOT}/{what}/{self.count}"

    @dbus.service.method(NM, out_signature="a{ss}")
    def GetPermissions(self):
        names = ["network-control", "settings.modify.system", "wifi.share.protected", "reload"]
        return {f"{NM}.{name}": self.permits for name in names}

    @dbus.service.method(NM, out_signature="ao")
    def GetDevices(self):
        return [device.path for device in self.devices]

    @dbus.service.method(NM, in_signature="a{sa{sv}}ooa{sv}", out_signature="ooa{sv}", sender_keyword="sender")
    def AddAndActivateConnection2(self, settings, _device, _point, options, sender):
        self.told = settings
        connection = Connection(self.new_path("Settings"), settings, options.get("persist", "disk") == "disk")
        self.connections.append(connection)
        if options.get("bind-activation") == "dbus-client":
            BUS.watch_name_owner(sender, lambda owner: owner or self.gone(connection))
        return connection.path, self.begin(connection), dbus.Dictionary({}, signature="sv")

    @dbus.service.method(NM, in_signature="ooo", out_signature="o")
    def ActivateConnection(self, path, _device, _point):
        return self.begin(next(one for one in self.connections if one.path == path))

    @dbus.service.method(NM, in_signature="o")
    def DeactivateConnection(self, path):
        if self.active is None or self.active.path != path:
            raise dbus.DBusException("not active", name=NM + ".ConnectionNotActive")
        self.end()

    def gone(self, connection):
        if connection in self.connections:
            connection.Delete()

    def begin(self, connection):
        self.end()
        self.active = Active(self.new_path("ActiveConnection"), connection)
        self.radio.state(40)
        self.radio.now(".Device", ActiveConnection=self.active.path)
        GLib.timeout_add(200, self.go_on, self.active)
        return self.active.path

    def go_on(self, active):
        if active is not self.active:
            return
        connection = active.settles
        wireless = connection.settings["802-11-wireless"]
        if wireless.get("mode") == "ap":
            return self.done(active, NOTHING)
        name = connection.name()
        if name not in self.points:
            return self.fail(53)
        given = connection.settings.get("802-11-wireless-security", {}).get("psk", "-")
        if given != self.passwords[name]:
            self.radio.state(60, 8)
            GLib.timeout_add(400, lambda: self.fail(7) if active is self.active else None)
            return None
        return self.done(active, self.points[name].path)

    def done(self, active, point):
        active.now(".Connection.Active", State=dbus.UInt32(2))
        self.radio.now(".Device.Wireless", ActiveAccessPoint=point)
        self.radio.state(100)

    def fail(self, reason):
        self.end(120, reason)

    def end(self, state=30, reason=39):
        active, self.active = self.active, None
        if active is None:
            return
        active.remove_from_connection()
        # What is not kept goes with it, where it was bound to somebody.
        if active.settles.settings["802-11-wireless"].get("mode") == "ap" and active.settles in self.connections:
            self.connections.remove(active.settles)
            active.settles.remove_from_connection()
        self.radio.now(".Device", ActiveConnection=NOTHING)
        self.radio.now(".Device.Wireless", ActiveAccessPoint=NOTHING)
        self.radio.state(state, reason)

    def command(self, words):
        match words:
            case ["cable", how]:
                self.cable.now(".Device", State=dbus.UInt32(100 if how == "on" else 20))
            case ["network", name, password, strength]:
                security = 0 if password == "-" else 0x100
                point = {"Ssid": dbus.ByteArray(name.encode()), "Strength": dbus.Byte(int(strength))}
                flags = {"Flags": security and 1, "WpaFlags": 0, "RsnFlags": security}
                point.update({key: dbus.UInt32(value) for key, value in flags.items()})
                self.points[name] = Object(self.new_path("AccessPoint"), {".AccessPoint": point})
                self.passwords[name] = password
            case ["radio", "off"]:
                self.devices.remove(self.radio)
            case ["permit", permits]:
                self.permits = permits
            case ["told"]:
                return json.dumps(self.told)
            case ["kept"]:
                return json.dumps([connection.name() for connection in self.connections if connection.kept])
        return "done"


def read(source, _condition):
    line = source.readline()
    if not line:
        LOOP.quit()
        return False
    try:
        print(MANAGER.command(line.split()), flush=True)
    except Exception:
        # Who waits for an answer learns that there is none.
        traceback.print_exc()
        os._exit(1)
    return True


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
BUS = dbus.bus.BusConnection(sys.argv[1])
MANAGER = Manager()
SETTINGS = Settings(ROOT + "/Settings", {})
NAME = dbus.service.BusName(NM, BUS)
LOOP = GLib.MainLoop()
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, read)
print("ready", flush=True)
LOOP.run()
