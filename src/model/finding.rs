//! What a check finds out: codes that stay, by which pages and manuals explain them.

use serde::Serialize;

/// How much it matters, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Level {
    /// Something does not work.
    Bad,
    /// Worth knowing.
    Note,
    /// As it should be.
    Good,
}

/// Makes the enum `Code` of what one check can find: each with its name in the API, how much it matters, and a text for people that says
/// what it means and what to do. The first word is what the API's description calls it.
macro_rules! codes {
    ($title:literal; $($code:ident $name:literal $level:ident $text:literal;)*) => {
        /// What can be found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = $title))]
        pub enum Code {
            $(#[doc = $text] #[serde(rename = $name)] $code,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The name in the API.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// How much it matters.
            pub fn level(self) -> Level {
                match self { $(Self::$code => Level::$level,)* }
            }

            /// What it means and what to do, for people.
            pub fn text(self) -> &'static str {
                match self { $(Self::$code => $text,)* }
            }
        }
    };
}

pub(crate) use codes;
