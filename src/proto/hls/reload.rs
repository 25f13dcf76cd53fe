//! Blocking reload and delta updates: what a client may ask for (RFC 8216bis section 6.2.5).

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

/// Which text of a playlist is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All of it.
    Whole,
    /// A delta update: without what is older than the Skip Boundary.
    Delta,
}

/// What a request for a media playlist says beside its address (delivery directives).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directives {
    /// What is waited for; nothing where the playlist of now is wanted.
    pub reload: Option<Reload>,
    /// The text that is wanted.
    pub form: Form,
}

impl Directives {
    /// Reads the delivery directives out of a query; other parameters are ignored. `_HLS_skip=v2` would leave out date ranges
    /// as well, of which there are none; any other value than that and `YES` is ignored, for a whole playlist is always an answer.
    ///
    /// # Errors
    /// [`Refused`] for what is no number, given twice, or a part without its segment.
    pub fn parse(query: Option<&str>) -> Result<Self, Refused> {
        let (mut msn, mut part, mut form) = (None, None, Form::Whole);
        for pair in query.unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "_HLS_msn" => &mut msn,
                "_HLS_part" => &mut part,
                "_HLS_skip" if matches!(value, "YES" | "v2") => {
                    form = Form::Delta;
                    continue;
                }
                _ => continue,
            };
            let number = decimal(value).ok_or(Refused("_HLS_msn and _HLS_part are whole numbers"))?;
            if place.replace(number).is_some() {
                return Err(Refused("_HLS_msn and _HLS_part may be given once"));
            }
        }
        match (msn, part) {
            (Some(msn), part) => Ok(Self { reload: Some(Reload { msn, part }), form }),
            (None, None) => Ok(Self { reload: None, form }),
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
        let read = |query| Directives::parse(query).map(|read| (read.reload, read.form));
        assert_eq!(read(None), Ok((None, Form::Whole)));
        assert_eq!(read(Some("")), Ok((None, Form::Whole)));
        assert_eq!(read(Some("a=b&_HLS_skip=YES")), Ok((None, Form::Delta)));
        let seven = |part| Some(Reload { msn: 7, part });
        assert_eq!(read(Some("_HLS_msn=7")), Ok((seven(None), Form::Whole)));
        assert_eq!(read(Some("x&_HLS_part=0&_HLS_msn=7")), Ok((seven(Some(0)), Form::Whole)));
        assert_eq!(read(Some("_HLS_msn=7&_HLS_part=0&_HLS_skip=v2")), Ok((seven(Some(0)), Form::Delta)));
    }

    #[test]
    fn what_is_no_way_to_skip_is_ignored() {
        for query in ["_HLS_skip", "_HLS_skip=", "_HLS_skip=NO", "_HLS_skip=yes", "_HLS_skip=v3", "HLS_skip=YES"] {
            assert_eq!(Directives::parse(Some(query)), Ok(Directives { reload: None, form: Form::Whole }), "{query}");
        }
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
            assert!(Directives::parse(Some(query)).is_err(), "{query}");
        }
    }
}
