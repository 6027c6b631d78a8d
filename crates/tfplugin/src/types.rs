//! Terraform's types and schemas, as data.

use std::fmt;

use serde_json::Value as Json;

use crate::diagnostic::{Error, Path, Result, Step};
pub use crate::pattern::Pattern;

/// A Terraform type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A value that brings its type.
    Dynamic,
    /// An ordered collection.
    List(Box<Type>),
    /// An unordered collection.
    Set(Box<Type>),
    /// Text keys, values of one type.
    Map(Box<Type>),
    /// Named members, in the order of their names.
    Object(Vec<(String, Type)>),
    /// A fixed number of elements, each of its type.
    Tuple(Vec<Type>),
}

/// How a nested block or attribute repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// At most one.
    Single,
    /// A list.
    List,
    /// A set.
    Set,
    /// A map, or labelled blocks.
    Map,
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A value of a type.
    Type(Type),
    /// An object with attributes of its own.
    Nested(Nesting, Vec<Attribute>),
}

/// A check that the JSON schema makes of a single value.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// One of these texts.
    OneOf(Vec<String>),
    /// Length of a text, or number of elements, from and to.
    Length(Option<u64>, Option<u64>),
    /// A number from and to, both included.
    Range(Option<f64>, Option<f64>),
    /// A regular expression that must match.
    Pattern(Pattern),
    /// A whole number.
    Integer,
}

/// One attribute of a schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub shape: Shape,
    /// The description, in Markdown.
    pub description: String,
    /// Required, optional, computed and the rest.
    pub flags: crate::flags::OwnedFlags,
    /// What a value of it must be.
    pub checks: Vec<Check>,
    /// What each element of it must be, if it is a collection of plain values.
    pub element_checks: Vec<Check>,
}

/// A nested block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Its name.
    pub name: String,
    /// How it repeats.
    pub nesting: Nesting,
    /// A struct in Rust, which may stand once: a list of at most one in the configuration, in the state and in expressions.
    pub one: bool,
    /// The least and the greatest number of blocks; 0 is no limit.
    pub items: (u64, u64),
    /// Whether a change of its contents replaces the object, and the like.
    pub flags: crate::flags::OwnedFlags,
    /// What it contains.
    pub body: Body,
}

/// The attributes and nested blocks of a resource or a block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// The description, in Markdown.
    pub description: String,
    /// The attributes, in the order of the struct's fields.
    pub attributes: Vec<Attribute>,
    /// The nested blocks, in the order of the struct's fields.
    pub blocks: Vec<Block>,
}

/// A whole schema.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    /// The version of the state's shape.
    pub version: i64,
    /// The contents.
    pub body: Body,
}

/// One parameter of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub of: Type,
    /// The description, in Markdown.
    pub description: String,
    /// Whether null may be passed.
    pub allow_null: bool,
    /// What a value of it must be.
    pub checks: Vec<Check>,
}

/// The parameters and the result of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// The parameters, in their order.
    pub parameters: Vec<Parameter>,
    /// What takes all further arguments.
    pub variadic: Option<Parameter>,
    /// The type of the result.
    pub result: Type,
    /// The description, in Markdown.
    pub description: String,
}

impl Type {
    /// The type as Terraform writes it in JSON: `"string"`, `["list","string"]`, `["object",{"a":"bool"}]`.
    pub fn to_json(&self) -> Vec<u8> {
        self.json().to_string().into_bytes()
    }

    /// Reads a type from JSON.
    ///
    /// # Errors
    /// The text is no type.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let tree: Json = serde_json::from_slice(json)?;
        Self::read(&tree).ok_or_else(|| Error::new(format!("{tree} is no Terraform type")))
    }

    /// Whether a value of this type may bring its own type.
    pub(crate) fn is_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::String | Self::Number | Self::Bool => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.is_dynamic(),
            Self::Object(members) => members.iter().any(|(_, member)| member.is_dynamic()),
            Self::Tuple(elements) => elements.iter().any(Self::is_dynamic),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::String => "string".into(),
            Self::Number => "number".into(),
            Self::Bool => "bool".into(),
            Self::Dynamic => "dynamic".into(),
            Self::List(element) => Json::Array(vec!["list".into(), element.json()]),
            Self::Set(element) => Json::Array(vec!["set".into(), element.json()]),
            Self::Map(element) => Json::Array(vec!["map".into(), element.json()]),
            Self::Object(members) => {
                let members = members.iter().map(|(name, member)| (name.clone(), member.json())).collect();
                Json::Array(vec!["object".into(), Json::Object(members)])
            }
            Self::Tuple(elements) => {
                Json::Array(vec!["tuple".into(), Json::Array(elements.iter().map(Self::json).collect())])
            }
        }
    }

    fn read(tree: &Json) -> Option<Self> {
        if let Some(name) = tree.as_str() {
            return match name {
                "string" => Some(Self::String),
                "number" => Some(Self::Number),
                "bool" => Some(Self::Bool),
                "dynamic" => Some(Self::Dynamic),
                _ => None,
            };
        }
        let parts = tree.as_array()?;
        let of = parts.get(1)?;
        match parts.first()?.as_str()? {
            "list" => Some(Self::List(Box::new(Self::read(of)?))),
            "set" => Some(Self::Set(Box::new(Self::read(of)?))),
            "map" => Some(Self::Map(Box::new(Self::read(of)?))),
            "tuple" => of.as_array()?.iter().map(Self::read).collect::<Option<_>>().map(Self::Tuple),
            "object" => {
                // A third part would name optional members; values have none.
                let members = of.as_object()?.iter().map(|(name, member)| Some((name.clone(), Self::read(member)?)));
                members.collect::<Option<Vec<_>>>().map(Self::object)
            }
            _ => None,
        }
    }

    fn object(mut members: Vec<(String, Self)>) -> Self {
        members.sort_by(|left, right| left.0.cmp(&right.0));
        Self::Object(members)
    }
}

/// The type in words, for people: `list of string`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::Dynamic => f.write_str("any"),
            Self::List(element) => write!(f, "list of {element}"),
            Self::Set(element) => write!(f, "set of {element}"),
            Self::Map(element) => write!(f, "map of {element}"),
            Self::Object(_) => f.write_str("object"),
            Self::Tuple(_) => f.write_str("tuple"),
        }
    }
}

impl Nesting {
    fn around(self, object: Type) -> Type {
        match self {
            Self::Single => object,
            Self::List => Type::List(Box::new(object)),
            Self::Set => Type::Set(Box::new(object)),
            Self::Map => Type::Map(Box::new(object)),
        }
    }
}

impl Shape {
    /// The type of a value of this shape.
    pub fn value_type(&self) -> Type {
        match self {
            Self::Type(of) => of.clone(),
            Self::Nested(nesting, attributes) => nesting.around(Type::object(members(attributes))),
        }
    }
}

impl Block {
    /// The type of all blocks of this name together.
    pub fn value_type(&self) -> Type {
        self.nesting.around(self.body.value_type())
    }
}

impl Body {
    /// The path into a value of this body for one into its struct: through a block that may stand once, a list of one, by
    /// its index. A path that has the index already stays as it is.
    pub(crate) fn path(&self, path: &Path) -> Path {
        let mut placed = Vec::new();
        let mut body = Some(self);
        let mut steps = path.0.iter().peekable();
        while let Some(step) = steps.next() {
            placed.push(step.clone());
            let Step::Attribute(name) = step else { continue };
            let block = body.and_then(|body| body.blocks.iter().find(|block| block.name == *name));
            body = block.map(|block| &block.body);
            if block.is_some_and(|block| block.one) && matches!(steps.peek(), Some(Step::Attribute(_))) {
                placed.push(Step::Index(0));
            }
        }
        Path(placed)
    }

    /// The type of an object with this body.
    pub fn value_type(&self) -> Type {
        let mut members = members(&self.attributes);
        members.extend(self.blocks.iter().map(|block| (block.name.clone(), block.value_type())));
        Type::object(members)
    }
}

impl Schema {
    /// The type of a whole object of this schema, blocks included.
    pub fn value_type(&self) -> Type {
        self.body.value_type()
    }
}

fn members(attributes: &[Attribute]) -> Vec<(String, Type)> {
    attributes.iter().map(|attribute| (attribute.name.clone(), attribute.shape.value_type())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Block, Body, Nesting, Type};
    use crate::diagnostic::{Path, Step};

    #[test]
    fn a_type_is_read_and_written_as_terraform_does() {
        for text in [
            r#""string""#,
            r#"["list","number"]"#,
            r#"["set",["map","bool"]]"#,
            r#"["object",{"a":"dynamic","b":["tuple",["string",["list","string"]]]}]"#,
            r#"["tuple",[]]"#,
            r#"["object",{}]"#,
        ] {
            let of = Type::from_json(text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(of.to_json()).unwrap(), text);
        }
        let optional = Type::from_json(br#"["object",{"b":"string","a":"bool"},["a"]]"#).unwrap();
        assert_eq!(optional.to_json(), br#"["object",{"a":"bool","b":"string"}]"#);
    }

    #[test]
    fn a_path_leads_through_a_block_that_may_stand_once_by_its_index() {
        let body = |blocks: Vec<Block>| Body { blocks, ..Body::default() };
        let block = |name: &str, one: bool, body: Body| Block {
            name: name.to_owned(),
            nesting: Nesting::List,
            one,
            items: (0, 0),
            flags: crate::flags::OwnedFlags::default(),
            body,
        };
        let inner = block("inner", true, Body::default());
        let body = body(vec![block("many", false, body(vec![inner.clone()])), block("only", true, body(vec![inner]))]);
        let check = |path: Path, expected: &str| assert_eq!(body.path(&path).to_string(), expected);
        check("only".into(), "only");
        check("only.name".into(), "only[0].name");
        check("only.inner.name".into(), "only[0].inner[0].name");
        check(Path::attribute("only").then(Step::Index(0)).then(Step::Attribute("name".into())), "only[0].name");
        let second = Path::attribute("many").then(Step::Index(1)).then(Step::Attribute("inner".into()));
        check(second.then(Step::Attribute("name".into())), "many[1].inner[0].name");
        check("other.name".into(), "other.name");
    }

    #[test]
    fn what_is_no_type_is_an_error() {
        for text in ["", "7", r#""text""#, "[]", r#"["list"]"#, r#"["object",[]]"#, r#"["map","x"]"#, "[["] {
            assert!(Type::from_json(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "[\"list\",".repeat(100_000);
        assert!(Type::from_json(deep.as_bytes()).is_err());
    }
}
