//! What the encryption of a packet costs by SRTP profile (RFC 5764, RFC 7714), with the instructions of this CPU for AES, GHASH
//! and SHA, and without: as on boards whose CPU has none, such as the Raspberry Pi 4.
//!
//! The ciphers are those of the WebRTC engine, called as it calls them. Without instructions means that the crypto library is told
//! by its environment not to use them, so that it takes the vector code (VPAES) it takes on such CPUs too.

use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use str0m::crypto::{Aes128CmSha1_80, CryptoProvider};

use crate::measure::{Spread, cpu};

/// A full packet of video as libwebrtc makes them, in bytes of payload, and one of sound.
const SIZES: [usize; 2] = [1100, 120];
/// The header that is authenticated and not encrypted (RFC 3550 section 5.1, with extensions).
const HEADER: usize = 28;
/// AES-NI and PCLMULQDQ; SHA, VAES and VPCLMULQDQ (bits of `OPENSSL_ia32cap`).
const WITHOUT: &str = "~0x200000200000000:~0x60020000000";

/// A profile that str0m knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    AeadAes256Gcm,
    AeadAes128Gcm,
    Aes128CmSha1_80,
}

const PROFILES: [Profile; 3] = [Profile::AeadAes256Gcm, Profile::AeadAes128Gcm, Profile::Aes128CmSha1_80];

/// Nanoseconds of CPU time to encrypt one packet.
#[derive(Serialize, Deserialize)]
struct Cost {
    profile: Profile,
    size: usize,
    nanos: f64,
}

/// The child: measures everything once, one line of JSON.
pub fn measure(packets: u32) -> anyhow::Result<()> {
    let provider = str0m::crypto::from_feature_flags();
    let mut costs = Vec::new();
    for size in SIZES {
        for profile in PROFILES {
            // Once to warm up.
            once(&provider, profile, size, packets / 10)?;
            let nanos = once(&provider, profile, size, packets)?.as_nanos() as f64 / f64::from(packets);
            costs.push(Cost { profile, size, nanos });
        }
    }
    println!("{}", serde_json::to_string(&costs)?);
    Ok(())
}

fn once(provider: &CryptoProvider, profile: Profile, size: usize, packets: u32) -> anyhow::Result<Duration> {
    let srtp = provider.srtp_provider;
    let payload = vec![0x5a; size];
    let mut out = vec![0; HEADER + size + 16];
    let header = [0x90; HEADER];
    let before = cpu(std::process::id())?;
    match profile {
        Profile::AeadAes256Gcm => {
            let mut cipher = srtp.aead_aes_256_gcm().create_cipher([7; 32], true);
            for number in 0..packets {
                cipher.encrypt(&nonce(number), &header, &payload, &mut out[HEADER..])?;
            }
        }
        Profile::AeadAes128Gcm => {
            let mut cipher = srtp.aead_aes_128_gcm().create_cipher([7; 16], true);
            for number in 0..packets {
                cipher.encrypt(&nonce(number), &header, &payload, &mut out[HEADER..])?;
            }
        }
        Profile::Aes128CmSha1_80 => {
            let mut cipher = srtp.aes_128_cm_sha1_80().create_cipher([7; 16], true);
            let hmac = |key: &[u8], parts: &[&[u8]]| provider.sha1_hmac_provider.sha1_hmac(key, parts);
            for number in 0..packets {
                let iv = Aes128CmSha1_80::rtp_iv([3; 14], 1, u64::from(number));
                cipher.encrypt(&iv, &payload, &mut out[HEADER..])?;
                Aes128CmSha1_80::rtp_hmac(hmac, &[9; 20], &mut out, u64::from(number), HEADER + size);
            }
        }
    }
    std::hint::black_box(&out);
    Ok(cpu(std::process::id())?.saturating_sub(before))
}

fn nonce(number: u32) -> [u8; 12] {
    let mut nonce = [3; 12];
    nonce[8..].copy_from_slice(&number.to_be_bytes());
    nonce
}

/// The parent: with and without the instructions by turns; prints a table.
pub fn run(rounds: usize, packets: u32) -> anyhow::Result<()> {
    anyhow::ensure!(
        cfg!(target_arch = "x86_64"),
        "the instructions can be taken away on x86_64 alone; elsewhere the figures would mean something else"
    );
    let mut with = Vec::new();
    let mut without = Vec::new();
    for _ in 0..rounds {
        with.push(child(packets, None)?);
        without.push(child(packets, Some(WITHOUT))?);
    }
    println!("\nNanoseconds of CPU time to encrypt one packet, median of {rounds} rounds (least to most):\n");
    println!("| bytes | profile | with instructions | without | without, beside AES-256-GCM |");
    println!("|---|---|---|---|---|");
    for size in SIZES {
        let of = |costs: &[Vec<Cost>], profile| {
            let found = costs.iter().flatten().filter(|cost| cost.size == size && cost.profile == profile);
            Spread::of(found.map(|cost| cost.nanos))
        };
        let worst = of(&without, Profile::AeadAes256Gcm).median;
        for profile in PROFILES {
            let (fast, slow) = (of(&with, profile), of(&without, profile));
            let show = |s: Spread| format!("{:.0} ({:.0} to {:.0})", s.median, s.least, s.most);
            println!("| {size} | {profile:?} | {} | {} | {:.2} |", show(fast), show(slow), slow.median / worst);
        }
    }
    Ok(())
}

fn child(packets: u32, without: Option<&str>) -> anyhow::Result<Vec<Cost>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("ciphers").arg("--packets").arg(packets.to_string());
    if let Some(mask) = without {
        command.env("OPENSSL_ia32cap", mask);
    }
    let output = command.output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the child says what it measured")
}
