//! Elements and attributes as text (XML 1.0).

use std::fmt::Display;

/// A document that is being written. Whoever opens an element closes it.
#[derive(Debug)]
pub(super) struct Xml {
    text: String,
    open: Vec<&'static str>,
}

/// Attributes in the order in which they are written.
pub(super) type Attributes<'a> = &'a [(&'a str, &'a dyn Display)];

impl Xml {
    pub fn new() -> Self {
        Self { text: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), open: Vec::new() }
    }

    /// An element with others inside.
    pub fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.text.push_str(">\n");
        self.open.push(name);
    }

    /// The end of the element that was opened last.
    pub fn close(&mut self) {
        let Some(name) = self.open.pop() else { return };
        self.indent();
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    /// An element with nothing inside.
    pub fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.text.push_str("/>\n");
    }

    /// An element with text inside.
    pub fn text(&mut self, name: &'static str, text: &str) {
        self.begin(name, &[]);
        self.text.push('>');
        self.escaped(text);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    pub fn finish(self) -> String {
        self.text
    }

    fn begin(&mut self, name: &str, attributes: Attributes<'_>) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.escaped(&value.to_string());
            self.text.push('"');
        }
    }

    fn indent(&mut self) {
        for _ in &self.open {
            self.text.push(' ');
        }
    }

    /// As it may stand between tags and in attributes (sections 2.2 and 2.4); what may not is left out.
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
                c => self.text.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_xml_is_written_so_that_it_has_none() {
        let mut xml = Xml::new();
        xml.open("MPD", &[("title", &"a\"><b>&\u{1}\n'"), ("n", &7)]);
        xml.text("BaseURL", "../<&>\"/");
        xml.empty("S", &[]);
        xml.close();
        assert_eq!(
            xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD title=\"a&quot;&gt;&lt;b&gt;&amp;'\" n=\"7\">\n \
             <BaseURL>../&lt;&amp;&gt;&quot;/</BaseURL>\n <S/>\n</MPD>\n"
        );
    }
}
