//! Blocking reload: what a client may ask for (RFC 8216bis section 6.2.5.2).

/// A request that breaks the rules; the sentence is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

/// The client wants the playlist once it holds this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reload {
    /// Media sequence number.
    pub msn: u64,
    /// A part of it; nothing for the whole segment.
    pub part: Option<u64>,
}

impl Reload {
    /// Reads the delivery directives out of a query. Nothing if there are none; other parameters are ignored, and so is
    /// `_HLS_skip`, for delta updates are not offered.
    ///
    /// # Errors
    /// [`Refused`] for what is no number, given twice, or a part without its segment.
    pub fn parse(query: Option<&str>) -> Result<Option<Self>, Refused> {
        let (mut msn, mut part) = (None, None);
        for pair in query.unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "_HLS_msn" => &mut msn,
                "_HLS_part" => &mut part,
                _ => continue,
            };
            let number = decimal(value).ok_or(Refused("_HLS_msn and _HLS_part are whole numbers"))?;
            if place.replace(number).is_some() {
                return Err(Refused("_HLS_msn and _HLS_part may be given once"));
            }
        }
        match (msn, part) {
            (Some(msn), part) => Ok(Some(Self { msn, part })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Refused("_HLS_part needs _HLS_msn")),
        }
    }
}

/// A decimal number of digits alone; no sign, no spaces.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_among_other_parameters() {
        assert_eq!(Reload::parse(None), Ok(None));
        assert_eq!(Reload::parse(Some("")), Ok(None));
        assert_eq!(Reload::parse(Some("a=b&_HLS_skip=YES")), Ok(None));
        assert_eq!(Reload::parse(Some("_HLS_msn=7")), Ok(Some(Reload { msn: 7, part: None })));
        assert_eq!(Reload::parse(Some("x&_HLS_part=0&_HLS_msn=7")), Ok(Some(Reload { msn: 7, part: Some(0) })));
    }

    #[test]
    fn nonsense_is_refused() {
        for query in [
            "_HLS_part=1",
            "_HLS_msn=",
            "_HLS_msn",
            "_HLS_msn=-1",
            "_HLS_msn=+1",
            "_HLS_msn=1.5",
            "_HLS_msn=99999999999999999999",
            "_HLS_msn=1&_HLS_msn=2",
            "_HLS_msn=1&_HLS_part=x",
        ] {
            assert!(Reload::parse(Some(query)).is_err(), "{query}");
        }
    }
}
