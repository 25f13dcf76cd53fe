//! How this process and its board are, as the kernel tells it. Read when somebody asks.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};

/// How this process and its board are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Health {
    /// Time that the threads of this process have worked.
    pub worked: Duration,
    /// Bytes of memory that it has.
    pub resident: u64,
    /// Files and sockets that it has open, and that it may have open.
    pub open_files: (u64, u64),
    /// Its threads.
    pub threads: u64,
    /// Processors of the board.
    pub processors: usize,
    /// Bytes of memory that the board has, and that it could still give.
    pub memory: (u64, u64),
    /// The hottest thermal zone in degrees Celsius, where there is one.
    pub temperature: Option<f64>,
}

/// Reads it. What can't be read is zero, or not there.
pub fn health() -> Health {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok();
    let time = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec().unsigned_abs()) + Duration::from_micros(time.tv_usec().unsigned_abs())
    };
    Health {
        worked: usage.map_or(Duration::ZERO, |usage| time(usage.user_time()) + time(usage.system_time())),
        resident: kibibytes(&status, "VmRSS:"),
        open_files: (
            fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
            getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft),
        ),
        threads: field(&status, "Threads:").unwrap_or(0),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        memory: (kibibytes(&memory, "MemTotal:"), kibibytes(&memory, "MemAvailable:")),
        temperature: hottest(Path::new("/sys/class/thermal")),
    }
}

/// Bytes that this process has had written to disks since it was started; `None` where the kernel does not count them (proc(5), `io`).
pub fn written() -> Option<u64> {
    written_below(Path::new("/"))
}

fn written_below(root: &Path) -> Option<u64> {
    field(&fs::read_to_string(root.join("proc/self/io")).ok()?, "write_bytes:")
}

/// How hot the board is, and whether it gets enough voltage.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Heat {
    /// What the firmware of a Raspberry Pi says (`vcgencmd get_throttled`): bits for what is so now, and, from bit 16 on, for what was.
    pub throttled: u32,
    /// The hottest thermal zone in degrees Celsius, where there is one.
    pub degrees: Option<f64>,
}

impl Heat {
    /// Whether the board goes slower at this moment: its clock is capped, it throttles, or its soft limit of temperature holds (bits 1
    /// to 3; bit 0 is too little voltage).
    pub const fn is_throttled(self) -> bool {
        self.throttled & 0b1110 != 0
    }

    /// Whether the board gets too little voltage at this moment (bit 0).
    pub const fn is_weak(self) -> bool {
        self.throttled & 1 != 0
    }

    /// Whether it once got too little since it was switched on (bit 16).
    pub const fn was_weak(self) -> bool {
        self.throttled & (1 << 16) != 0
    }
}

/// Reads it.
pub fn heat() -> Heat {
    heat_below(Path::new("/"))
}

fn heat_below(root: &Path) -> Heat {
    let said = fs::read_to_string(root.join("sys/devices/platform/soc/soc:firmware/get_throttled")).unwrap_or_default();
    let said = said.trim();
    let throttled = u32::from_str_radix(said.strip_prefix("0x").unwrap_or(said), 16).unwrap_or(0);
    // Kernels without that file have a sensor of their own for the voltage (`raspberrypi-hwmon`).
    let throttled = throttled | u32::from(has_weak_sensor(&root.join("sys/class/hwmon")));
    Heat { throttled, degrees: hottest(&root.join("sys/class/thermal")) }
}

/// Whether the sensor of a Raspberry Pi says that there is too little voltage now.
fn has_weak_sensor(folder: &Path) -> bool {
    let says = |path: std::path::PathBuf| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let sensors = fs::read_dir(folder).into_iter().flatten().flatten().map(|sensor| sensor.path());
    sensors
        .into_iter()
        .any(|sensor| says(sensor.join("name")) == "rpi_volt" && says(sensor.join("in0_lcrit_alarm")) == "1")
}

/// The number behind a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn kibibytes(text: &str, name: &str) -> u64 {
    field(text, name).unwrap_or(0) * 1024
}

/// The hottest zone; zones say thousandths of a degree, and some say nonsense.
fn hottest(folder: &Path) -> Option<f64> {
    let zones = fs::read_dir(folder).ok()?.flatten();
    let degrees = zones
        .filter(|zone| zone.file_name().to_string_lossy().starts_with("thermal_zone"))
        .filter_map(|zone| fs::read_to_string(zone.path().join("temp")).ok()?.trim().parse::<f64>().ok())
        .map(|thousandths| thousandths / 1000.0)
        .filter(|degrees| (-40.0..200.0).contains(degrees));
    degrees.max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_threads_and_files() {
        let health = health();
        assert!(health.resident > 1 << 20, "{health:?}");
        assert!(health.threads >= 1 && health.open_files.0 >= 3 && health.open_files.1 >= health.open_files.0);
        assert!(health.memory.0 > health.memory.1 && health.memory.1 > 0, "{health:?}");
        assert!(health.worked > Duration::ZERO && health.processors >= 1);
    }

    #[test]
    fn a_raspberry_pi_says_whether_it_goes_slower_now() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(heat_below(root.path()), Heat::default());
        let folder = root.path().join("sys/devices/platform/soc/soc:firmware");
        fs::create_dir_all(&folder).expect("a folder");
        // Throttled since the start; too little voltage; capped; throttled; soft limit; and, of an old kernel, without the 0x.
        for (text, now) in [
            ("0x0", false),
            ("0xe0000\n", false),
            ("0x1", false),
            ("0x50002\n", true),
            ("0x4", true),
            ("80008", true),
            ("?", false),
        ] {
            fs::write(folder.join("get_throttled"), text).expect("a file");
            assert_eq!(heat_below(root.path()).is_throttled(), now, "{text:?}");
        }
    }

    #[test]
    fn too_little_voltage_is_read_from_the_firmware_or_from_the_sensor() {
        let root = tempfile::tempdir().expect("a folder");
        let weak = || (heat_below(root.path()).is_weak(), heat_below(root.path()).was_weak());
        let (firmware, sensor) =
            (root.path().join("sys/devices/platform/soc/soc:firmware"), root.path().join("sys/class/hwmon/hwmon1"));
        fs::create_dir_all(&firmware).expect("a folder");
        fs::create_dir_all(&sensor).expect("a folder");
        for (text, seen) in
            [("0x0", (false, false)), ("0x1", (true, false)), ("50005", (true, true)), ("0x50000", (false, true))]
        {
            fs::write(firmware.join("get_throttled"), text).expect("a file");
            assert_eq!(weak(), seen, "{text}");
        }
        fs::remove_file(firmware.join("get_throttled")).expect("it goes");
        for (name, alarm, seen) in [("rpi_volt\n", "0\n", false), ("rpi_volt\n", "1\n", true), ("other", "1", false)] {
            fs::write(sensor.join("name"), name).expect("a file");
            fs::write(sensor.join("in0_lcrit_alarm"), alarm).expect("a file");
            assert_eq!(weak(), (seen, false), "{name} {alarm}");
        }
    }

    #[test]
    fn what_was_written_is_what_the_kernel_counts() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(written_below(root.path()), None);
        fs::create_dir_all(root.path().join("proc/self")).expect("a folder");
        let text = "rchar: 7\nwchar: 9\nread_bytes: 11\nwrite_bytes: 4096\ncancelled_write_bytes: 512\n";
        fs::write(root.path().join("proc/self/io"), text).expect("a file");
        assert_eq!(written_below(root.path()), Some(4096));
    }

    #[test]
    fn the_hottest_zone_that_makes_sense_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(hottest(folder.path()), None);
        for (name, text) in [
            ("thermal_zone0", "41500\n"),
            ("thermal_zone1", "52250\n"),
            ("thermal_zone2", "999999\n"),
            ("thermal_zone3", "no"),
            ("cooling_device0", "90000"),
        ] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
            fs::write(folder.path().join(name).join("temp"), text).expect("a file");
        }
        assert_eq!(hottest(folder.path()), Some(52.25));
    }
}
