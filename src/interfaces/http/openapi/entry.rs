//! What the document says of one route, beside its rule.

use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// The schemas of all types that are named, those of requests and those of answers.
pub(super) struct Schemas {
    taken: SchemaGenerator,
    given: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let of = |contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self { taken: of(Contract::Deserialize), given: of(Contract::Serialize) }
    }

    /// All that were named. Who takes and gives one name takes and gives one thing.
    pub(super) fn named(mut self) -> Map<String, Value> {
        let mut named = self.taken.take_definitions(true);
        for (name, schema) in self.given.take_definitions(true) {
            let before = named.insert(name.clone(), schema.clone());
            assert!(before.is_none_or(|before| before == schema), "two types of the API are called {name}");
        }
        named
    }
}

/// A body.
pub(super) struct Content {
    media: &'static str,
    schema: Box<dyn Fn(&mut Schemas) -> Schema>,
}

impl Content {
    fn taken<T: JsonSchema>() -> Self {
        Self { media: "application/json", schema: Box::new(|schemas| schemas.taken.subschema_for::<T>()) }
    }

    fn given<T: JsonSchema>() -> Self {
        Self { media: "application/json", schema: Box::new(|schemas| schemas.given.subschema_for::<T>()) }
    }

    /// Whether it is read as JSON.
    pub(super) fn is_json(&self) -> bool {
        self.media == "application/json"
    }

    /// What is no JSON.
    fn text(media: &'static str) -> Self {
        Self { media, schema: Box::new(|_| schemars::json_schema!({ "type": "string" })) }
    }

    pub(super) fn write(&self, schemas: &mut Schemas) -> Value {
        json!({ (self.media): { "schema": (self.schema)(schemas) } })
    }
}

/// One route. Made by [`entry`], and by the methods that say more.
pub(super) struct Entry {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) more: &'static str,
    pub(super) takes: Option<Content>,
    /// Status, what it means, what is in it.
    pub(super) gives: Vec<(u16, &'static str, Option<Content>)>,
    /// Headers of the good answer: name and meaning.
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// Stable names of what can go wrong, beside that which every such route has.
    pub(super) fails: &'static [&'static str],
}

/// What a route does, as a sentence without its full stop.
pub(super) fn entry(method: &'static str, path: &'static str, summary: &'static str) -> Entry {
    Entry { method, path, summary, more: "", takes: None, gives: vec![], headers: vec![], fails: &[] }
}

impl Entry {
    /// What else somebody should know.
    pub(super) fn more(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    /// A JSON body comes in.
    pub(super) fn takes<T: JsonSchema>(self) -> Self {
        Self { takes: Some(Content::taken::<T>()), ..self }
    }

    /// A body of this kind comes in.
    pub(super) fn takes_text(self, media: &'static str) -> Self {
        Self { takes: Some(Content::text(media)), ..self }
    }

    fn answer(mut self, status: u16, meaning: &'static str, content: Option<Content>) -> Self {
        self.gives.push((status, meaning, content));
        self
    }

    /// JSON goes out.
    pub(super) fn gives<T: JsonSchema>(self, status: u16, meaning: &'static str) -> Self {
        self.answer(status, meaning, Some(Content::given::<T>()))
    }

    /// A body of this kind goes out.
    pub(super) fn gives_text(self, status: u16, meaning: &'static str, media: &'static str) -> Self {
        self.answer(status, meaning, Some(Content::text(media)))
    }

    /// Nothing but a status goes out.
    pub(super) fn gives_nothing(self, status: u16, meaning: &'static str) -> Self {
        self.answer(status, meaning, None)
    }

    /// A header of the good answer.
    pub(super) fn header(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.headers.push((name, meaning));
        self
    }

    /// What can go wrong, by its stable names.
    pub(super) fn fails(self, fails: &'static [&'static str]) -> Self {
        Self { fails, ..self }
    }
}
