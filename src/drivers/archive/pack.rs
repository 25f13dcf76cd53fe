//! A tar inside gzip (POSIX.1-2001 with GNU's long names, RFC 1952).

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, Builder, EntryType, Header};

/// Longest way of a file inside, in folders.
const DEEPEST: usize = 8;
/// Most that is read behind the last file, in bytes: what tar fills its last record with.
const PADDING: u64 = 1 << 20;

/// Puts files into one.
pub struct Packer<W: Write>(Builder<GzEncoder<W>>);

impl<W: Write> Packer<W> {
    /// Begins one.
    pub fn new(to: W) -> Self {
        Self(Builder::new(GzEncoder::new(to, Compression::default())))
    }

    /// Adds a file with these bytes; `at` is in seconds since 1970 UTC.
    ///
    /// # Errors
    /// What the system says.
    pub fn bytes(&mut self, name: &str, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut header = header(EntryType::Regular, 0o600, at);
        header.set_size(bytes.len() as u64);
        self.0.append_data(&mut header, name, bytes)
    }

    /// Adds a file from the disk, as long as it was when it was opened.
    ///
    /// # Errors
    /// What the system says, also where it became shorter meanwhile.
    pub fn file(&mut self, name: &str, path: &Path, at: u64) -> io::Result<()> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut header = header(EntryType::Regular, 0o600, at);
        header.set_size(length);
        let mut counted = Counted { from: file.take(length), count: 0 };
        self.0.append_data(&mut header, name, &mut counted)?;
        match counted.count == length {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read")),
        }
    }

    /// Ends it, and gives what it was written to.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner()?.finish()
    }
}

struct Counted<R> {
    from: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(to)?;
        self.count += count as u64;
        Ok(count)
    }
}

fn header(kind: EntryType, mode: u32, at: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(at);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// A file that is in one.
pub struct Entry<'a> {
    /// Where it lies: names of folders and of the file, and nothing else.
    pub path: PathBuf,
    /// How long it is.
    pub length: u64,
    /// What is in it.
    pub bytes: &'a mut dyn Read,
}

/// Reads one from its beginning to its end, and gives each file. Folders are in their files' ways and not given. Blocks.
///
/// # Errors
/// What `take` gives; and where it is damaged, or has links, devices, or ways that lead elsewhere.
pub fn unpack<E: From<io::Error>>(from: impl Read, mut take: impl FnMut(Entry<'_>) -> Result<(), E>) -> Result<(), E> {
    let refused = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut unzipped = GzDecoder::new(BufReader::new(from));
    let mut archive = Archive::new(&mut unzipped);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let parts = path.components().count();
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || parts == 0 || parts > DEEPEST {
            return Err(refused("a file in it would lie elsewhere").into());
        }
        match entry.header().entry_type() {
            EntryType::Regular => {}
            EntryType::Directory => continue,
            _ => return Err(refused("there is something in it that is no file").into()),
        }
        let length = entry.size();
        take(Entry { path, length, bytes: &mut entry })?;
    }
    // To its very end: what was cut off there is only noticed then.
    let behind = io::copy(&mut archive.into_inner().take(PADDING + 1), &mut io::sink())?;
    let left = io::copy(&mut unzipped.into_inner(), &mut io::sink())?;
    if behind > PADDING || left > 0 {
        return Err(refused("there is something behind its end").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        unpack(bytes, |entry| {
            let mut text = String::new();
            assert_eq!(entry.bytes.read_to_string(&mut text)? as u64, entry.length);
            found.push((entry.path.display().to_string(), text));
            io::Result::Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn what_is_packed_comes_out_in_order() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "from the disk").expect("it writes");
        let mut packer = Packer::new(Vec::new());
        packer.bytes("first.json", b"{}", 7).expect("it packs");
        packer.file("state/tls/ca.pem", file.path(), 8).expect("it packs");
        let packed = packer.finish().expect("it ends");
        let found = read(&packed).expect("it is whole");
        assert_eq!(
            found,
            [("first.json", "{}"), ("state/tls/ca.pem", "from the disk")].map(|(a, b)| (a.into(), b.into()))
        );
        for cut in [packed.len() - 1, packed.len() / 2, 0] {
            assert!(read(&packed[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(&[&packed[..], b"more"].concat()).is_err());
    }

    #[test]
    fn ways_that_lead_elsewhere_and_links_are_refused() {
        let with = |kind: EntryType, name: &[u8]| {
            let mut header = header(kind, 0o600, 0);
            header.as_old_mut().name[..name.len()].copy_from_slice(name);
            header.set_size(0);
            if kind == EntryType::Symlink {
                header.set_link_name("/etc").expect("a name");
            }
            header.set_cksum();
            let mut packer = Packer::new(Vec::new());
            packer.0.append(&header, io::empty()).expect("it packs");
            read(&packer.finish().expect("it ends"))
        };
        assert!(with(EntryType::Regular, b"state/a").is_ok() && with(EntryType::Directory, b"state/").is_ok());
        for name in [b"../a".as_slice(), b"/etc/passwd", b"state/../../a", b"a/a/a/a/a/a/a/a/a/a"] {
            assert!(with(EntryType::Regular, name).is_err(), "{}", String::from_utf8_lossy(name));
        }
        assert!(with(EntryType::Symlink, b"state/a").is_err());
    }
}
