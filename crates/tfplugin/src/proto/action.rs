//! The calls for actions. ValidateActionConfig has the messages of the other validations.

use super::common::{ClientCapabilities, Deferred, Diagnostic, DynamicValue};

/// PlanAction.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PlanActionRequest {
    #[prost(string, tag = "1")]
    pub(crate) action_type: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub(crate) client_capabilities: Option<ClientCapabilities>,
}

/// The answer to PlanAction.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PlanActionResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
    #[prost(message, optional, tag = "2")]
    pub(crate) deferred: Option<Deferred>,
}

/// InvokeAction.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct InvokeActionRequest {
    #[prost(string, tag = "1")]
    pub(crate) action_type: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) config: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub(crate) client_capabilities: Option<ClientCapabilities>,
}

/// One of the answers to InvokeAction. Made by [`Self::progress`] and [`Self::completed`] alone: Terraform panics at one without a
/// type, and forgets what the run has made.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct InvokeActionEvent {
    #[prost(oneof = "EventType", tags = "1, 2")]
    pub(crate) r#type: Option<EventType>,
}

impl InvokeActionEvent {
    /// Words while it runs.
    pub(crate) fn progress(message: String) -> Self {
        Self { r#type: Some(EventType::Progress(Progress { message })) }
    }

    /// The last one: that it worked, or why it did not.
    pub(crate) fn completed(diagnostics: Vec<Diagnostic>) -> Self {
        Self { r#type: Some(EventType::Completed(Completed { diagnostics })) }
    }
}

/// What an event is.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum EventType {
    #[prost(message, tag = "1")]
    Progress(Progress),
    #[prost(message, tag = "2")]
    Completed(Completed),
}

/// Words while an action runs.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Progress {
    #[prost(string, tag = "1")]
    pub(crate) message: String,
}

/// How an action ended.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Completed {
    #[prost(message, repeated, tag = "1")]
    pub(crate) diagnostics: Vec<Diagnostic>,
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::{InvokeActionEvent, PlanActionResponse};
    use crate::proto::{Deferred, DeferredReason};

    /// Tag, length and bytes, written by hand from the field numbers of tfplugin6.10.
    #[test]
    fn the_answers_are_on_the_wire_as_the_protocol_has_them() {
        let progress = InvokeActionEvent::progress("hi".to_owned());
        assert_eq!(progress.encode_to_vec(), [0x0a, 4, 0x0a, 2, b'h', b'i']);
        assert_eq!(InvokeActionEvent::completed(Vec::new()).encode_to_vec(), [0x12, 0], "not an event without a type");
        let deferred = Some(Deferred { reason: DeferredReason::ProviderConfigUnknown.into() });
        assert_eq!(PlanActionResponse { deferred, diagnostics: Vec::new() }.encode_to_vec(), [0x12, 2, 0x08, 2]);
    }
}
