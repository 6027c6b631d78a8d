//! GetFunctions and CallFunction. Functions are pure: the provider need not be configured.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Outcome;
use crate::diagnostic::Result;
use crate::proto::schema::{Function, GetFunctionsRequest, GetFunctionsResponse};
use crate::proto::{CallFunctionRequest, CallFunctionResponse, DynamicValue, FunctionError};
use crate::provider::Provider;
use crate::server::Server;
use crate::types::Signature;
use crate::value::Value;
use crate::{terminal, wire};

/// All functions, as messages.
pub(crate) fn signatures<P: Provider>() -> BTreeMap<String, Function> {
    let functions = P::registry().functions.iter();
    functions.map(|entry| (entry.name.to_owned(), wire::function(entry.summary, &(entry.signature)()))).collect()
}

/// All functions.
pub(crate) async fn all<P: Provider>(
    _server: Arc<Server<P>>,
    _request: GetFunctionsRequest,
) -> Outcome<GetFunctionsResponse> {
    Ok(GetFunctionsResponse { functions: signatures::<P>(), diagnostics: Vec::new() })
}

/// Calls one.
pub(crate) async fn call<P: Provider>(
    server: Arc<Server<P>>,
    request: CallFunctionRequest,
) -> Outcome<CallFunctionResponse> {
    let entry = server.function(&request.name)?;
    let signature = (entry.signature)();
    let arguments = arguments(&signature, &request.arguments)?;
    match (entry.call)(&signature, arguments) {
        Ok(result) => Ok(CallFunctionResponse { result: wire::dynamic(&result, &signature.result)?, error: None }),
        Err(error) => {
            let error =
                FunctionError { text: terminal::function_error(&error.text), function_argument: error.argument };
            Ok(CallFunctionResponse { result: None, error: Some(error) })
        }
    }
}

/// One value for each parameter; what is left goes to the variadic one, as a list.
fn arguments(signature: &Signature, messages: &[DynamicValue]) -> Result<Vec<Value>> {
    let mut messages = messages.iter();
    let mut values = Vec::new();
    for parameter in &signature.parameters {
        values.push(wire::value(messages.next(), &parameter.of)?);
    }
    if let Some(parameter) = &signature.variadic {
        let rest: Result<Vec<Value>> = messages.map(|message| wire::value(Some(message), &parameter.of)).collect();
        values.push(Value::List(rest?));
    }
    Ok(values)
}
