//! Functions trial::join and trial::half.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Attr, Function, FunctionError, OPTIONAL, REQUIRED};

/// Puts texts together.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Join {
    /// What stands between the texts.
    #[schemars(extend("x-tf" = REQUIRED))]
    pub(crate) separator: Attr<String>,
    /// The texts.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub(crate) texts: Vec<String>,
}

impl Function for Join {
    const NAME: &'static str = "join";
    const SUMMARY: &'static str = "Puts texts together.";
    const EXAMPLE: &'static str = "output \"example\" {\n  value = provider::trial::join(\"-\", \"a\", \"b\")\n}\n";
    type Output = String;

    fn call(self) -> Result<String, FunctionError> {
        if let Some(at) = self.texts.iter().position(String::is_empty) {
            let argument = i64::try_from(at).ok().map(|at| at + 1);
            return Err(FunctionError { text: "a text is empty".to_owned(), argument });
        }
        Ok(self.texts.join(self.separator.text()))
    }
}

/// Halves a number.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Half {
    /// An even number from 0 to 100.
    #[schemars(extend("x-tf" = REQUIRED), range(min = 0, max = 100))]
    pub(crate) number: Attr<i64>,
}

/// A half, in words and as a number.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Halved {
    /// The number.
    #[schemars(extend("x-tf" = REQUIRED))]
    half: i64,
    /// The words.
    #[schemars(extend("x-tf" = REQUIRED))]
    words: Vec<String>,
}

impl Function for Half {
    const NAME: &'static str = "half";
    const SUMMARY: &'static str = "Halves a number.";
    const EXAMPLE: &'static str = "output \"example\" {\n  value = provider::trial::half(4)\n}\n";
    type Output = Halved;

    fn call(self) -> Result<Halved, FunctionError> {
        let number = self.number.or_default();
        if number % 2 != 0 {
            return Err(FunctionError { text: format!("{number} is odd"), argument: Some(0) });
        }
        let half = number / 2;
        Ok(Halved { half, words: vec![format!("{number}"), "halved".to_owned()] })
    }
}
