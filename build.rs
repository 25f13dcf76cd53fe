//! The pages are embedded: a build without them is stopped with the next step, and one with new pages is made again. And when the program was
//! made, before which no clock is right: `SOURCE_DATE_EPOCH`, or the newest entry of `debian/changelog`, so that the same sources make the same
//! program.

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
    if !std::path::Path::new("web/dist/index.html").exists() {
        println!(
            "cargo:error=the pages are not built: run (cd web && npm ci && npm run build), or script/run which does all of it"
        );
        std::process::exit(1);
    }
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rerun-if-changed=debian/changelog");
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.trim().parse::<i64>().ok());
    let Some(built) = given.or_else(released) else {
        println!("cargo:error=debian/changelog has no date in its newest entry");
        std::process::exit(1);
    };
    println!("cargo:rustc-env=PORCHLIGHT_BUILT={built}");
}

/// The date of the newest entry, in seconds since 1970 UTC: `Sat, 28 Nov 2026 12:00:00 +0000`.
fn released() -> Option<i64> {
    let text = std::fs::read_to_string("debian/changelog").ok()?;
    let date =
        text.lines().find_map(|line| line.strip_prefix(" -- ")?.rsplit_once(">  ").map(|(_, date)| date.to_owned()))?;
    let parts: Vec<&str> = date.split_whitespace().collect();
    let [_, day, month, year, time, offset] = parts[..] else { return None };
    let (day, year) = (day.parse::<i64>().ok()?, year.parse::<i64>().ok()?);
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    // Days since 1970 of the proleptic Gregorian calendar, whose years begin with March here.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = time.split(':').try_fold(0, |sum, part| Some(sum * 60 + part.parse::<i64>().ok()?))?;
    let (sign, offset) = offset.split_at_checked(1)?;
    let offset = offset.parse::<i64>().ok()?;
    let east = (offset / 100 * 60 + offset % 100) * if sign == "-" { -60 } else { 60 };
    Some(days * 86_400 + seconds - east)
}
