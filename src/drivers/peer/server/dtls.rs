//! The engine's own DTLS, with shorter timers.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use str0m::config::DtlsVersion;
use str0m::crypto::dtls::{DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion};
use str0m::crypto::{CryptoError, CryptoProvider, from_feature_flags};

/// How long an answer is waited for before a flight is sent again, at first; then twice as long each time (RFC 6347 section
/// 4.2.4.1). It is as well how long the engine leaves a browser's repetition unanswered after it has answered one: with the
/// second that the engine takes by itself, two lost packets cost three seconds.
const FIRST: Duration = Duration::from_millis(100);
/// So often a flight is sent again: for 25 s in all.
const AGAIN: usize = 7;

/// What every peer encrypts with.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = from_feature_flags();
        provider.dtls_provider = &Quick;
        Arc::new(provider)
    });
    PROVIDER.clone()
}

#[derive(Debug)]
struct Quick;

impl DtlsProvider for Quick {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        _: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        // ICE has shown that the other side is where it says, which a cookie would show again.
        let mut config =
            dimpl::Config::builder().use_server_cookie(false).flight_start_rto(FIRST).flight_retries(AGAIN);
        if let Some(mtu) = mtu {
            config = config.mtu(mtu);
        }
        let config = config.build().map_err(|error| CryptoError::Other(error.to_string()))?;
        Ok(Box::new(Instance(dimpl::Dtls::new_12(Arc::new(config), cert.clone(), now))))
    }
}

struct Instance(dimpl::Dtls);

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Instance")
    }
}

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buffer)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The packets that it wants to send now, and when it wants to be woken.
    fn sent(instance: &mut dyn DtlsInstance) -> (Vec<Vec<u8>>, Option<Instant>) {
        let (mut packets, mut buffer) = (Vec::new(), [0; 2048]);
        loop {
            match instance.poll_output(&mut buffer) {
                DtlsOutput::Packet(packet) => packets.push(packet.to_vec()),
                DtlsOutput::Timeout(at) => return (packets, Some(at)),
                _ => return (packets, None),
            }
        }
    }

    #[test]
    fn repetitions_are_answered_and_sent_after_a_tenth_of_a_second() {
        let start = Instant::now();
        let make = |active| {
            let cert = Quick.generate_certificate().expect("keys can be drawn");
            let mut made = Quick.new_dtls(&cert, start, DtlsVersion::Dtls12, None).expect("it is well configured");
            made.set_active(active);
            made.handle_timeout(start).expect("time begins");
            made
        };
        let (mut browser, mut ours) = (make(true), make(false));
        let (hello, _) = sent(&mut *browser);
        assert!(!hello.is_empty());
        // Everything that we answer gets lost, and the browser says its first word again every 200 ms.
        let mut answers = 0;
        for round in 0..4 {
            let now = start + Duration::from_millis(200 * round);
            ours.handle_timeout(now).expect("there is time left");
            answers += usize::from(!sent(&mut *ours).0.is_empty());
            for packet in &hello {
                ours.handle_packet(packet).expect("it is well formed");
            }
            answers += usize::from(!sent(&mut *ours).0.is_empty());
        }
        // The engine's own timers answer once in that time.
        assert!(answers >= 3, "{answers} answers in 600 ms");
        let (_, next) = sent(&mut *ours);
        assert!(next.is_some_and(|next| next < start + Duration::from_secs(3)), "the next one comes soon");
    }
}
